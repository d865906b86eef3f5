"""Workers that die, freeze, come and go: nothing is lost, nothing doubled."""

import asyncio

import pytest

from tests.faults.fleet import Fleet
from tests.faults.verdict import ledger_counts
from tests.faults.worker import WorkerProcess

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
    published = await fleet.published()
    fleet.mood("a")
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    assert published < verdict.events, "the last kill was to be in mid-stream"


async def test_both_killed_and_started_in_the_other_order(fleet: Fleet) -> None:
    for name in "ab":
        fleet.mood(name, "slow 0.02")
        fleet.worker(name)
    for worker in fleet.workers.values():
        await worker.wait_ready()
    await fleet.feed(3000)
    published = await fleet.until_published(0)
    for order in ("ba", "ab"):
        for worker in fleet.workers.values():
            worker.kill9()
        for name in order:
            fleet.worker(name)
        published = await fleet.until_published(published)
    for name in "ab":
        fleet.mood(name)
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict


async def test_a_zombie_is_fenced(fleet: Fleet) -> None:
    fleet.mood("a", "slow 0.2")  # so that it freezes with batches in hand
    zombie, other = fleet.worker("a"), fleet.worker("b")
    await zombie.wait_ready()
    await other.wait_ready()
    await fleet.feed(3000)
    await fleet.until_published(0)
    zombie.freeze()
    await fleet.drained()  # by the other alone, after the session timeout
    events = await fleet.published()
    zombie.thaw()
    await _transactions(zombie, "fenced", at_least=1)
    fleet.mood("a")
    assert await fleet.published() == events
    await fleet.feed(500)
    await zombie.wait_ready()  # it serves again, what is its own
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict


async def _transactions(worker: WorkerProcess, result: str, *, at_least: int) -> None:
    async with asyncio.timeout(20):
        while await worker.metric("geonews_transactions_total", result=result) < at_least:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_workers_come_and_go_without_redoing_anything(fleet: Fleet) -> None:
    for name in "ab":
        fleet.mood(name, "slow 0.02")
    first = fleet.worker("a")
    await first.wait_ready()
    await fleet.feed(2000)
    await fleet.until_published(0)
    second = fleet.worker("b")
    await second.wait_ready()
    await fleet.feed(1000)
    code, seconds = await first.terminate()
    assert (code, seconds < 10.0) == (0, True)
    for name in "ab":
        fleet.mood(name)
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    assert await second.metric("geonews_transactions_total", result="aborted") == 0
    assert "aborted" not in first.log.read_text()

    expected, channels = fleet.expected(), fleet.settings.channels
    raw = await ledger_counts(fleet.settings, channels.raw)
    assert raw["records"] == expected.records
    assert raw["duplicates"] == expected.url_duplicates
    assert raw["dead_lettered"] == len(expected.invalid)
    assert raw["published"] == len(expected.text_of)
    assert raw["rekeyed"] == expected.rekeyed
    candidates = await ledger_counts(fleet.settings, channels.candidates)
    assert candidates["published"] == len(expected.groups)
    assert candidates["duplicates"] == len(expected.text_of) - len(expected.groups)
