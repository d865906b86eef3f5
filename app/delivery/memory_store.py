"""Keeps a lane's memory in its own partition of a state topic: written in its transactions, read when it opens."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.kafka.closing import close_consumer
from app.steps.memory import Entry, Memory
from app.steps.outgoing import Outgoing
from schemas.state import pack, unpack


def state_record(topic: str, partition: int, position: str, entries: Sequence[Entry], width: int) -> Outgoing:
    """All entries that one transaction adds, as one record; `position` names the input that they come from."""
    value = pack(((entry.key, entry.payload, entry.at_ms) for entry in entries), width)
    return Outgoing(topic, position.encode(), value, [], partition)


async def restore(memory: Memory, place: TopicPartition, options: dict[str, Any], width: int, since_ms: int) -> None:
    """Fill `memory` with what was committed to `place` since `since_ms` (epoch), in order.

    Call after the lane's producer has been fenced in: then no transaction of a previous owner is open any more, and
    the last stable offset is the end of everything that was ever committed.
    """
    consumer = AIOKafkaConsumer(
        **options, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        start = (await consumer.offsets_for_times({place: since_ms}))[place]
        if start is None:  # nothing that recent
            return
        consumer.seek(place, start.offset)
        while await consumer.position(place) < end:
            batches = await consumer.getmany(place, timeout_ms=1000, max_records=1000)
            for record in batches.get(place, []):
                memory.remember(Entry(*entry) for entry in unpack(record.value, width))
    finally:
        await close_consumer(consumer)
