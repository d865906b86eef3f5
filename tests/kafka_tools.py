"""What integration tests do with Kafka directly: put records in, read everything that is committed."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from app.kafka.admin import topic_states
from app.kafka.client import client_options
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Put:
    """A record to produce; `partition` None leaves the choice to the key's hash."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None
    timestamp_ms: int | None = None


async def produce(settings: Settings, topic: str, records: Iterable[Put | bytes]) -> None:
    """Send all records, each acknowledged by all replicas, in their order per partition."""
    producer = AIOKafkaProducer(
        **client_options(settings), enable_idempotence=True, linger_ms=5, max_request_size=15 * 1024 * 1024
    )
    await producer.start()
    try:
        sent = []
        for record in records:
            put = record if isinstance(record, Put) else Put(record)
            if put.key is None and put.value is None:  # which Kafka takes, and this client's send() does not
                sent.append(await _send_nothing(producer, topic, put))
                continue
            sent.append(
                await producer.send(
                    topic,
                    put.value,
                    key=put.key,
                    partition=put.partition,
                    timestamp_ms=put.timestamp_ms,
                    headers=list(put.headers),
                )
            )
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _send_nothing(producer: AIOKafkaProducer, topic: str, put: Put) -> Any:
    batch = producer.create_batch()
    batch.append(timestamp=put.timestamp_ms, key=None, value=None, headers=list(put.headers))
    batch.close()
    return await producer.send_batch(batch, topic, partition=put.partition or 0)


async def read_all(
    settings: Settings,
    topic: str,
    timeout: float = 30.0,  # noqa: ASYNC109 - the bound covers opening the consumer too
    *,
    isolation: str = "read_committed",
) -> list[ConsumerRecord[Any, Any]]:
    """Every record up to the end offsets at the time of the call, ordered by partition and offset.

    With read_committed the end is the last stable offset: records of open or aborted transactions are not read.
    Raises TimeoutError when the end is not reached within `timeout` seconds.
    """
    state = (await topic_states(settings, [topic])).get(topic)
    assert state is not None, f"no topic {topic}"
    partitions = [TopicPartition(topic, number) for number in range(state.partitions)]
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=15 * 1024 * 1024,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(timeout):
            consumer.assign(partitions)
            return await _read_to_end(consumer, partitions)
    finally:
        await consumer.stop()


async def _read_to_end(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> list[ConsumerRecord[Any, Any]]:
    ends = await consumer.end_offsets(partitions)
    await consumer.seek_to_beginning(*partitions)
    records: list[ConsumerRecord[Any, Any]] = []
    waiting = set(partitions)
    while waiting:
        for batch in (await consumer.getmany(*waiting, timeout_ms=200)).values():
            records += batch
        # The position passes control records and aborted ones too, which are never returned.
        waiting = {partition for partition in waiting if await consumer.position(partition) < ends[partition]}
    return sorted(records, key=lambda record: (record.partition, record.offset))
