"""Burst alerts live: story input in, alerts out, on a real Kafka, over a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from app.delivery.agent import stories_agent
from app.delivery.watchdog import Watchdog
from app.delivery.worker import LaneWorker
from app.health import Health
from app.settings import Settings
from app.steps.story_input import Item, story_input, withdrawal_item
from app.stories.path import no_embedding
from schemas.alert import Alert, Burst
from tests.alert_tools import items, new_path, undisturbed
from tests.faults.verdict import drained_topic
from tests.kafka_tools import Put, produce, read_all

pytestmark = pytest.mark.integration


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[None]:
    agent = replace(
        stories_agent(settings, no_embedding),
        new_path=lambda _partitions: new_path(settings.channels),
        batch_bytes=9000,
    )
    worker = LaneWorker(agent, settings, Health(), Watchdog(60))
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


async def put(settings: Settings, values: list[bytes]) -> None:
    await produce(settings, settings.channels.story_input, [Put(value, partition=0) for value in values])
    await drained_topic(settings, f"{settings.namespace}-stories", settings.channels.story_input, 90)


async def test_alerts_are_those_of_one_run_whatever_the_batches(settings: Settings) -> None:
    channels, every = settings.channels, items(900, seed=5)
    later: list[Item] = [
        withdrawal_item(every[3]["id"], every[-1]["processed_at"]),
        every[5] | {"supersedes": every[5]["id"]},  # a correction counts no second time
        {"nonsense": True},
    ]
    chunks = [every[at : at + 30] for at in range(0, 900, 30)] + [later]
    values = [out.value or b"" for chunk in chunks for out in story_input(chunk, channels)]
    async with serving(settings):
        await put(settings, values[:9])
    other = settings.model_copy(update={"worker_id": f"{settings.worker_id}-2"})
    async with serving(other):
        await put(other, values[9:])
    expected, _ = await asyncio.to_thread(undisturbed, values, channels)
    records = await read_all(settings, channels.alerts)
    found = [orjson.loads(record.value) for record in records]
    assert sorted(found, key=orjson.dumps) == sorted(expected, key=orjson.dumps)
    assert len(found) > 5
    for record in records:
        alert = Alert.model_validate_json(record.value).root
        assert isinstance(alert, Burst)
        assert record.key == alert.id.encode()
    assert len(await read_all(settings, channels.dead_letters)) == 1
