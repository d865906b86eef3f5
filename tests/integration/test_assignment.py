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
