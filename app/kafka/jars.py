"""Kafka's jars: fetched once from a Maven repository, checked against pinned hashes, shared by all local brokers.

`jars.txt` pins every jar by coordinates and SHA-256, so both ways of fetching give the same bytes: `mvn`, which knows
this machine's mirrors and proxies, and jgo, which needs only Python.

Another Kafka: let Maven resolve `org.apache.kafka:kafka_2.13` and `org.apache.logging.log4j:log4j-slf4j-impl` (runtime
scope), list what it took with its hashes in `jars.txt`, and change KAFKA_VERSION.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from rich.console import Console
from rich.progress import track

from app.errors import LocalKafkaError

KAFKA_VERSION: Final = "4.3.1"
_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Name that Maven gives the file."""
        return f"{self.artifact}-{self.version}.jar"


def pinned_jars() -> list[Jar]:
    """Every jar that the broker needs, from `jars.txt`."""
    lines = (Path(__file__).with_name("jars.txt")).read_text("utf-8").splitlines()
    return [Jar(*line.replace(":", " ").split()) for line in lines]


def ensure_jars(home: Path, shared: Path | None = None) -> Path:
    """Directory that holds all pinned jars, fetching them first when needed; safe when several processes ask at once.

    Shared between brokers in `shared` (default: the user's cache directory), or under `home` where that cannot be
    written. Raises LocalKafkaError with what each way of fetching said.
    """
    cache = _writable(shared or _user_cache()) or _writable(home / "kafka" / "jars")
    if cache is None:
        raise LocalKafkaError(f"cannot write Kafka's jars below {home}: set GEONEWS_JARS to a directory you can write")
    directory = cache / f"kafka-{KAFKA_VERSION}"
    if not _complete(directory):
        with _exclusive(cache / "lock"):
            if not _complete(directory):
                _fetch(directory)
    return directory


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "geonews" / "jars"


def _writable(directory: Path) -> Path | None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError:
        return None


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complete(directory: Path) -> bool:
    # The directory is renamed into place only after every hash was checked.
    return all((directory / jar.filename).is_file() for jar in pinned_jars())


def _fetch(directory: Path) -> None:
    jars, failures = pinned_jars(), []
    ways = {"mvn": _fetch_with_maven, "jgo": _fetch_with_jgo}
    if shutil.which("mvn") is None:
        del ways["mvn"]
    for name, fetch in ways.items():
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="fetching-") as scratch:
            target = Path(scratch) / "jars"
            target.mkdir()
            try:
                fetch(jars, target)
                _check(jars, target)
            except Exception as error:  # the next way may work; all reasons are shown together
                failures.append(f"{name}: {error}")
                continue
            shutil.rmtree(directory, ignore_errors=True)
            target.rename(directory)
            return
    raise LocalKafkaError(
        f"could not fetch Kafka {KAFKA_VERSION} from a Maven repository ({'; '.join(failures)}): check the network or "
        "Maven's mirror in ~/.m2/settings.xml, or set GEONEWS_KAFKA_BOOTSTRAP to a Kafka that runs"
    )


def _fetch_with_maven(jars: Sequence[Jar], target: Path) -> None:
    pom = target.parent / "pom.xml"
    pom.write_text(_pom(jars), "utf-8")
    command = ["mvn", "-q", "-B", "-f", str(pom), _PLUGIN, f"-DoutputDirectory={target}"]
    with Console(stderr=True).status(f"fetching Kafka {KAFKA_VERSION} with mvn (once, 45 MB) ..."):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise LocalKafkaError((errors or [done.stderr.strip() or f"exit code {done.returncode}"])[0])


def _pom(jars: Sequence[Jar]) -> str:
    dependencies = "".join(
        f"<dependency><groupId>{escape(jar.group)}</groupId><artifactId>{escape(jar.artifact)}</artifactId>"
        f"<version>{escape(jar.version)}</version>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
        for jar in jars
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>geonews</groupId>'
        "<artifactId>local-kafka</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )


def _fetch_with_jgo(jars: Sequence[Jar], target: Path) -> None:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    user = GlobalSettings.load()
    context = MavenContext(
        repo_cache=user.repo_cache, remote_repos={"central": MAVEN_CENTRAL_URL} | dict(user.repositories)
    )
    console = Console(stderr=True)
    for jar in track(jars, f"fetching Kafka {KAFKA_VERSION} (once, 45 MB)", console=console, transient=True):
        project = context.project(jar.group, jar.artifact)
        shutil.copyfile(project.at_version(jar.version).artifact().resolve(), target / jar.filename)


def _check(jars: Sequence[Jar], directory: Path) -> None:
    for jar in jars:
        found = hashlib.sha256((directory / jar.filename).read_bytes()).hexdigest()
        if found != jar.sha256:
            raise LocalKafkaError(f"{jar.filename} is not the pinned file (SHA-256 {found[:12]}…): is a cache damaged?")
