"""A broker that dies, or hangs: workers wait and go on, nothing is lost, nothing doubled."""

import asyncio

import pytest

from tests.faults.fleet import Fleet

pytestmark = pytest.mark.faults


async def _working(fleet: Fleet) -> None:
    for name in "ab":
        fleet.mood(name, "slow 0.02")
        fleet.worker(name)
    for worker in fleet.workers.values():
        await worker.wait_ready()
    await fleet.feed(2000)
    await fleet.until_published(0)


async def _judged(fleet: Fleet) -> None:
    for name, worker in fleet.workers.items():
        fleet.mood(name)
        assert worker.is_alive, worker.tail()
    await fleet.drained()
    for worker in fleet.workers.values():
        await worker.wait_ready()
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict


async def test_broker_kill_9_and_restart(fleet: Fleet) -> None:
    await _working(fleet)
    fleet.kafka.kill()
    feeding = asyncio.create_task(fleet.feed(1000))
    await asyncio.to_thread(fleet.kafka.start)
    await feeding
    await _judged(fleet)


@pytest.mark.parametrize("seconds", [12.0, pytest.param(60.0, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
async def test_broker_unreachable(steady_fleet: Fleet, seconds: float) -> None:
    """Longer than sessions and transactions last here (3 s and 10 s)."""
    fleet = steady_fleet
    await _working(fleet)
    fleet.kafka.pause()
    try:
        feeding = asyncio.create_task(fleet.feed(1000))
        await asyncio.sleep(seconds)
    finally:
        fleet.kafka.resume()
    await feeding
    await _judged(fleet)


async def test_sigterm_while_the_broker_is_unreachable(steady_fleet: Fleet) -> None:
    fleet = steady_fleet
    await _working(fleet)
    fleet.kafka.pause()
    try:
        await asyncio.sleep(1.0)
        code, seconds = await fleet.workers["a"].terminate(30.0)
    finally:
        fleet.kafka.resume()
    assert (code, seconds < 10.0) == (0, True), f"{code} after {seconds:.1f} s"
    del fleet.workers["a"]
    await _judged(fleet)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_broker_unreachable_again_and_again(fleet: Fleet) -> None:
    """Each pause outlasts the transactions that it falls upon, so that the broker aborts them as it wakes up.

    Kafka 4.2 and 4.3 may forget the markers of such an abort (KAFKA-20734), and the next commit then brings back what
    was aborted: seen in about one pause of ten.
    """
    await _working(fleet)
    for cycle in range(16):
        await fleet.feed(1500)
        await asyncio.sleep(0.7 + 0.05 * cycle)
        fleet.kafka.pause()
        try:
            await asyncio.sleep(10.5)
        finally:
            fleet.kafka.resume()
        await fleet.drained(90)
    await _judged(fleet)
