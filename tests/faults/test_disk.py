"""A full disk under the state directory: a worker's state is in Kafka, the local Kafka's own is there."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.kafka.local import LocalKafka
from tests.faults.fleet import Fleet, new_fleet

pytestmark = pytest.mark.faults


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own at `place`. Skips the test where that needs rights which it lacks."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system needs the right to mount: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Write until there is no room; returns the file that takes it."""
    with (place / "filler").open("wb", buffering=0) as filler:
        written = 1
        while written:
            try:
                written = filler.write(b"\0" * 4096)
            except OSError:
                break
    return place / "filler"


async def test_a_worker_needs_no_room(fleet: Fleet, tmp_path: Path) -> None:
    with small_disk(tmp_path / "full", "64k") as disk:
        fill(disk)
        worker = fleet.worker("a", {"GEONEWS_HOME": str(disk)})
        await worker.wait_ready()
        await fleet.feed(1000)
        verdict = await fleet.verdict()
        assert verdict.is_clean, verdict
        code, _ = await worker.terminate()
        assert code == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_broker_without_room_comes_back_with_everything(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "200m") as disk:
        kafka = LocalKafka(disk, heap_mb=512)
        kafka.start()
        try:
            async with new_fleet(kafka, tmp_path) as fleet:
                fleet.mood("a", "slow 0.02")
                fleet.worker("a")
                await fleet.feed(2000)
                await fleet.until_published(0)
                filler = fill(disk)
                feeding = asyncio.create_task(fleet.feed(6000))
                async with asyncio.timeout(60):
                    while kafka.is_running:  # noqa: ASYNC110 - it ends when it cannot write
                        await asyncio.sleep(0.1)
                filler.unlink()
                await asyncio.to_thread(kafka.start)
                await feeding
                fleet.mood("a")
                await fleet.drained(120)
                verdict = await fleet.verdict()
                assert verdict.is_clean, verdict
        finally:
            kafka.stop()
