"""Kafka's jars: both ways of fetching give the pinned bytes; what is damaged is never used."""

import hashlib
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import LocalKafkaError
from app.kafka import jars
from app.kafka.jars import ensure_jars, pinned_jars

pytestmark = pytest.mark.integration

# Stands in for a Maven that delivers rubbish under the right names, as a broken mirror does.
_RUBBISH_MAVEN = """#!/bin/sh
for argument in "$@"; do case "$argument" in -DoutputDirectory=*) out="${argument#*=}";; esac; done
for name in %s; do echo rubbish > "$out/$name"; done
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH, empty at first."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def is_pinned(directory: Path) -> bool:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}
    return found == {jar.filename: jar.sha256 for jar in pinned_jars()}


@pytest.mark.skipif(shutil.which("mvn") is None, reason="no mvn on this machine")
def test_maven_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_fetch_with_jgo", _refuse)
    assert is_pinned(ensure_jars(tmp_path, tmp_path / "shared"))


def test_jgo_alone_and_offline_afterwards(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = ensure_jars(tmp_path, tmp_path / "shared")
    assert is_pinned(directory)
    monkeypatch.setattr(jars, "_fetch_with_jgo", _refuse)
    assert ensure_jars(tmp_path, tmp_path / "shared") == directory


def test_rubbish_from_one_way_is_refused_and_the_next_one_used(tools: Path, tmp_path: Path) -> None:
    _install(tools / "mvn")
    assert is_pinned(ensure_jars(tmp_path, tmp_path / "shared"))


def test_when_no_way_works_all_reasons_are_said(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tools / "mvn")
    monkeypatch.setattr(jars, "_fetch_with_jgo", _refuse)
    with pytest.raises(LocalKafkaError, match=r"mvn: .*not the pinned file.*jgo: refused.*GEONEWS_KAFKA_BOOTSTRAP"):
        ensure_jars(tmp_path, tmp_path / "shared")
    assert not (tmp_path / "shared" / f"kafka-{jars.KAFKA_VERSION}").exists()


def test_several_processes_may_fetch_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from app.kafka.jars import ensure_jars;"
        "print(ensure_jars(Path(sys.argv[1]), Path(sys.argv[1]) / 'shared'))"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {process.communicate(timeout=100)[0].strip() for process in running}
    assert len(said) == 1
    assert is_pinned(Path(said.pop()))
    assert [path.name for path in (tmp_path / "shared").glob("fetching-*")] == []


def test_a_cache_that_cannot_be_written_gives_way_to_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert ensure_jars(tmp_path, tmp_path / "file" / "shared").is_relative_to(tmp_path / "kafka")


def _install(mvn: Path) -> None:
    mvn.write_text(_RUBBISH_MAVEN % " ".join(jar.filename for jar in pinned_jars()))
    mvn.chmod(stat.S_IRWXU)


def _refuse(*_: object) -> None:
    raise LocalKafkaError("refused")
