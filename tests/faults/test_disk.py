"""A full disk under the state directory: state is in Kafka, so a worker needs no room there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fleet import Fleet

pytestmark = pytest.mark.faults


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with no byte free."""
    place = tmp_path / "full"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system needs the right to mount: {mounted.stderr.strip()}")
    try:
        fill(place)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Write until there is no room."""
    with (place / "filler").open("wb", buffering=0) as filler:
        written = 1
        while written:
            try:
                written = filler.write(b"\0" * 4096)
            except OSError:
                return


async def test_no_room_from_the_start(fleet: Fleet, full_disk: Path) -> None:
    worker = fleet.worker("a", {"GEONEWS_HOME": str(full_disk)})
    await worker.wait_ready()
    await fleet.feed(1000)
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    code, _ = await worker.terminate()
    assert code == 0
