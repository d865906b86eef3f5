"""A lane begins at its committed offset, and must not be told that there is none while the broker comes up."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from app.kafka.admin import ensure_topics
from app.kafka.client import client_options
from app.kafka.local import LocalKafka
from app.kafka.offsets import committed_offset
from app.kafka.reader import open_reader
from app.settings import Settings
from tests.conftest import TOPICS, make_settings

pytestmark = pytest.mark.integration
GROUP = "slow-to-load"
COMMITS = 2000


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[tuple[LocalKafka, Settings]]:
    kafka = LocalKafka(tmp_path, heap_mb=512)
    kafka.start()
    try:
        settings = make_settings(kafka.bootstrap, tmp_path)
        await ensure_topics(settings, TOPICS)
        yield kafka, settings
    finally:
        kafka.stop()


async def test_a_coordinator_that_loads_is_asked_again(own_broker: tuple[LocalKafka, Settings]) -> None:
    kafka, settings = own_broker
    place, other = (TopicPartition(settings.channels.raw, number) for number in (0, 1))
    consumer = AIOKafkaConsumer(
        **client_options(settings), group_id=GROUP, enable_auto_commit=False, retry_backoff_ms=10
    )
    await consumer.start()
    try:
        consumer.assign([place, other])
        for offset in range(1, COMMITS + 1):
            await consumer.commit({place: OffsetAndMetadata(offset, "x" * 4000)})
        assert await committed_offset(consumer, GROUP, other) is None
        for _ in range(2):
            kafka.kill()
            starting = asyncio.create_task(asyncio.to_thread(kafka.start))
            assert await _answers(consumer, place) == {COMMITS}
            await starting
        async with open_reader(settings) as reader:
            assert await reader.group_offsets(GROUP, [place, other]) == {place: COMMITS, other: None}
    finally:
        await consumer.stop()


async def _answers(consumer: AIOKafkaConsumer, place: TopicPartition) -> set[int | None]:
    """All that is said, without a pause, from the broker's start until it has known the offset for a second."""
    answers: set[int | None] = set()
    known_at = math.inf
    while time.monotonic() < known_at + 1.0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):  # a request may have gone to the dead broker
                answers.add(await committed_offset(consumer, GROUP, place))
        if COMMITS in answers:
            known_at = min(known_at, time.monotonic())
    return answers
