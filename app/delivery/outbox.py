"""Writes a batch's outputs into one open transaction, packed into as few Kafka batches as they fit."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from app.steps.outgoing import Outgoing

# A batch of ours ends here; one that holds a single large record may exceed it.
MAX_BATCH_BYTES: Final = 900_000


class Outbox:
    """Sends records of one transaction. Kafka's acknowledgements are awaited by `sent`."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._partitions: dict[str, int] = {}
        self._acknowledgements: list[asyncio.Future[Any]] = []

    async def send(self, records: Iterable[Outgoing]) -> None:
        """Queue `records`; order is kept within each partition."""
        open_batches: dict[tuple[str, int], Any] = {}
        partition, hashed = 0, None  # an event goes to several topics under one key: hash it once
        for record in records:
            if record.partition is not None:
                target = record.partition
            else:
                if record.key != hashed:
                    partition, hashed = _hash(record.key), record.key
                target = partition
            place = (record.topic, target % await self._count(record.topic))
            await self._append(open_batches, place, record)
        for (topic, number), batch in open_batches.items():
            await self._submit(batch, topic, number)

    async def _append(self, open_batches: dict[tuple[str, int], Any], place: tuple[str, int], record: Outgoing) -> None:
        batch = open_batches.get(place)
        for _ in range(2):  # a full batch is sent off, and the record opens the next one
            if batch is None:
                batch = open_batches[place] = self._producer.create_batch()
            if batch.append(timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=record.headers):
                return
            await self._submit(batch, *place)
            batch = None
        raise AssertionError("an empty batch takes any record")

    async def _submit(self, batch: Any, topic: str, partition: int) -> None:
        batch.close()
        acknowledgement = await self._producer.send_batch(batch, topic, partition=partition)
        # When the transaction fails before `sent` is called, nobody else asks how this ended.
        acknowledgement.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._acknowledgements.append(acknowledgement)

    async def _count(self, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return self._partitions[topic]

    async def sent(self) -> None:
        """Wait until Kafka has acknowledged everything. Raises the first error."""
        acknowledgements, self._acknowledgements = self._acknowledgements, []
        await asyncio.gather(*acknowledgements)


def _hash(key: bytes | None) -> int:
    """Kafka's default partitioner: murmur2 of the key, sign bit cleared."""
    return murmur2(key) & 0x7FFFFFFF if key is not None else 0
