"""Fills a path that keeps its own state from its partition of a compacted topic, when its lane opens."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.alerts.path import StoryAlertPath
from app.kafka.closing import close_consumer
from app.pipeline import Path


async def restore_stories_and_alerts(
    alert_state: str, path: Path, place: TopicPartition, options: dict[str, Any]
) -> None:
    """Read the state of both; call when the lane's producer has been fenced in."""
    if not isinstance(path, StoryAlertPath):
        raise TypeError(f"a StoryAlertPath is wanted, not {path!r}")
    await asyncio.to_thread(path.stories.restore, await newest_values(place, options))
    learned = await newest_values(TopicPartition(alert_state, place.partition), options)
    await asyncio.to_thread(path.restore, learned)


async def newest_values(place: TopicPartition, options: dict[str, Any]) -> dict[bytes, bytes]:
    """The newest committed value of each key of a compacted partition; deleted keys are not there."""
    consumer = AIOKafkaConsumer(
        **options, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    newest: dict[bytes, bytes] = {}
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        await consumer.seek_to_beginning(place)
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=1000, max_records=2000)).get(place, []):
                if record.value is None:
                    newest.pop(record.key, None)
                else:
                    newest[record.key] = record.value
    finally:
        await close_consumer(consumer)
    return newest
