"""Workers that know no partitions of their input must not settle for nothing."""

import asyncio

import pytest

from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.delivery.agent import classify_agent
from app.delivery.watchdog import Watchdog
from app.delivery.worker import LaneWorker
from app.health import Health
from app.kafka.admin import delete_topics, ensure_topics
from app.settings import Settings
from tests.conftest import TOPICS

pytestmark = pytest.mark.integration


async def test_topics_that_come_later_are_served_soon(bare_settings: Settings) -> None:
    settings, health = bare_settings, Health()
    agent = classify_agent(settings, build_classifier("none", load_taxonomy(None)))
    worker = LaneWorker(agent, settings, health, Watchdog(60))
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(30):
            while "do the topics exist?" not in str(health.reasons):  # noqa: ASYNC110 - the worker decides when
                await asyncio.sleep(0.1)
        assert not health.is_ready
        await ensure_topics(settings, TOPICS)
        async with asyncio.timeout(30):  # the client's metadata would last for five minutes
            while not health.is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        worker.stop()
        await running
        await delete_topics(settings, [channel.name for channel in settings.channels.all(TOPICS)])


async def test_a_worker_that_stops_hands_its_partitions_over_at_once(settings: Settings) -> None:
    """Not when its session expires, which would be a gap of that many seconds in a rolling restart."""
    agent = classify_agent(settings, build_classifier("none", load_taxonomy(None)))
    healths = [Health(), Health()]
    workers = [
        LaneWorker(
            agent,
            settings.model_copy(update={"worker_id": f"{settings.worker_id}-{number}", "session_timeout_ms": 300_000}),
            health,
            Watchdog(60),
        )
        for number, health in enumerate(healths)
    ]
    running = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        async with asyncio.timeout(60):
            while not all(len(worker._lanes) == 2 for worker in workers):  # noqa: ASYNC110 - the group decides when
                await asyncio.sleep(0.1)
            workers[0].stop()
            await running[0]
            while len(workers[1]._lanes) < 4 or not healths[1].is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)
