"""Programs that tests need and no Python package carries: taken from the PATH, else out of Debian's own packages."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_PACKAGES: Final = {"promtool": "prometheus", "prometheus": "prometheus", "amtool": "prometheus-alertmanager"}


def program(name: str) -> str:
    """The path of promtool, prometheus or amtool; unpacked once into the user's cache, nothing is installed.

    Skips the test where there is no apt-get, and fails it where apt-get cannot fetch the package.
    """
    if found := shutil.which(name):
        return found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "geonews" / "debian"
    unpacked = cache / _PACKAGES[name]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (unpacked / "usr" / "bin" / name).exists():
            _unpack(_PACKAGES[name], unpacked)
    return str(unpacked / "usr" / "bin" / name)


def _unpack(package: str, target: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip(f"no {package} on the PATH, and no apt-get to fetch it with")
    scratch = target.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    download = ["apt-get", "-q", "download", package]
    done = _run(download, scratch)
    if done.returncode:  # a fresh machine knows no packages before the first update, which only root may do
        _run(["apt-get", "-q", "update"], scratch)
        done = _run(download, scratch)
    if done.returncode:
        pytest.fail(f"apt-get cannot fetch {package}: put it on the PATH yourself. It said:\n{done.stderr}")
    [archive] = scratch.glob("*.deb")
    _run(["dpkg-deb", "-x", str(archive), str(scratch)], scratch).check_returncode()
    archive.unlink()
    scratch.rename(target)


def _run(command: list[str], directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
