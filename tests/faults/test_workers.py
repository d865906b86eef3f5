"""Workers that die, freeze, come and go: nothing is lost, nothing doubled."""

import pytest

from tests.faults.fleet import Fleet

pytestmark = pytest.mark.faults


async def test_kill_9_in_mid_stream(fleet: Fleet) -> None:
    fleet.mood("a", "slow 0.02")
    worker = fleet.worker("a")
    await worker.wait_ready()
    await fleet.feed(4000)
    published = 0
    for _ in range(3):
        published = await fleet.until_published(published)
        worker.kill9()
        worker.start()
        await worker.wait_ready()
    fleet.mood("a")
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    assert published < verdict.events, "the last kill was to be in mid-stream"
