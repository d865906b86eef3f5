"""A classifier that is slow, hangs, fails for everything, or chokes on one article."""

import asyncio

import orjson
import pytest

from tests.faults.articles import Batch
from tests.faults.classifiers import POISON
from tests.faults.fleet import Fleet
from tests.faults.verdict import committed_records, judge
from tests.faults.worker import WorkerProcess
from tests.kafka_tools import Put

pytestmark = pytest.mark.faults


async def test_slower_than_the_session_timeout(fleet: Fleet) -> None:
    session = {"GEONEWS_SESSION_TIMEOUT_MS": "1500", "GEONEWS_HEARTBEAT_INTERVAL_MS": "400"}
    # The stories' lane joins its group a little later than the others: no rebalance of it is to be counted here.
    worker = fleet.worker("a", session | {"GEONEWS_STORIES": "false"})
    await worker.wait_ready()
    rebalances = await worker.metric("geonews_rebalances_total")
    fleet.mood("a", "slow 2.5")
    await fleet.feed(60)
    await fleet.until_published(0)
    assert (await worker.ready())[0] == 200
    fleet.mood("a")
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    assert await worker.metric("geonews_rebalances_total") == rebalances, "it was never taken for dead"


async def test_down_for_everything(fleet: Fleet) -> None:
    fleet.mood("a", "fail")
    worker = fleet.worker("a")
    await fleet.feed(1000)
    await worker.wait_status(503)
    async with asyncio.timeout(30):
        while not await _all_down(worker):  # noqa: ASYNC110 - its answer is what is waited for
            await asyncio.sleep(0.1)
    for _ in range(300):  # and it stays red for this reason, though the lanes try again and again
        assert await _all_down(worker), await worker.ready()
    channels = fleet.settings.channels
    assert [r async for r in committed_records(fleet.settings, channels.dead_letters)] == []
    assert [r async for r in committed_records(fleet.settings, channels.candidates)] == []
    fleet.mood("a")
    await worker.wait_ready()
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict


async def _all_down(worker: WorkerProcess) -> bool:
    status, body = await worker.ready()
    reasons = [reason for lane, reason in body.get("reasons", {}).items() if lane.startswith("lane classify")]
    return status == 503 and len(reasons) == 4 and all("classifier" in reason for reason in reasons)


async def test_one_poisoned_article(fleet: Fleet) -> None:
    poisoned = [
        orjson.dumps({"url": f"https://poison.example/{n}", "title": f"{POISON} trade agreement {n}", "text": "x" * 80})
        for n in range(3)
    ]
    await fleet.feed(300)
    await fleet.feeder.send(Batch([Put(value, partition=2) for value in poisoned]))
    await fleet.feed(300)
    await fleet.worker("a").wait_ready()
    await fleet.drained()
    verdict = await judge(fleet.settings, fleet.expected(lambda put: put.value not in poisoned), poisoned)
    assert verdict.is_clean, verdict


async def test_one_that_hangs_ends_the_process(fleet: Fleet) -> None:
    fleet.mood("a", "hang")
    worker = fleet.worker("a", {"GEONEWS_STALL_SECONDS": "4"})
    await fleet.feed(500)
    await worker.wait_ready()
    assert await worker.ended(20) == 70
    assert "GEONEWS_STALL_SECONDS" in worker.tail()
    fleet.mood("a")
    worker.start()
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
