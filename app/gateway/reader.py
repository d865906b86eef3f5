"""Reading one topic without a consumer group: every partition, committed records only, new partitions included."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from heapq import merge
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.errors import KafkaUnavailable
from app.gateway.position import log_id
from app.kafka.client import client_options
from app.kafka.closing import close_consumer, ended
from app.settings import Settings

Records = list[Any]  # aiokafka's ConsumerRecord, which has no type information
POLL_MS = 500
PROBE_SECONDS = 2.0  # how often new partitions and a lost broker are looked for
CALL_SECONDS = 10.0  # a broker that takes longer to answer counts as lost


class TopicReader:
    """A consumer of all partitions of `topic`. Made by `open_reader`.

    Every method raises aiokafka's KafkaError, KafkaUnavailable or TimeoutError when the broker cannot be reached; the
    remedy is a new reader that starts from the offsets reached.
    """

    def __init__(self, topic: str, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, log: str) -> None:
        self.topic = topic
        self.log = log
        self._consumer = consumer
        self._admin = admin

    async def partitions(self) -> list[int]:
        """Partition numbers of the topic as of now. Raises KafkaUnavailable when there is no such topic."""
        async with asyncio.timeout(CALL_SECONDS):
            found = [topic for topic in await self._admin.describe_topics() if topic["topic"] == self.topic]
        if not found:
            raise KafkaUnavailable(f"topic {self.topic} does not exist: run `geonews topics create`")
        return sorted(part["partition"] for part in found[0]["partitions"])

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The offset after the last committed record of each partition."""
        return await self._offsets(self._consumer.end_offsets, partitions)

    async def beginnings(self, partitions: Iterable[int]) -> dict[int, int]:
        """The first offset that each partition still holds."""
        return await self._offsets(self._consumer.beginning_offsets, partitions)

    async def _offsets(self, ask: Any, partitions: Iterable[int]) -> dict[int, int]:
        async with asyncio.timeout(CALL_SECONDS):
            found = await ask([TopicPartition(self.topic, partition) for partition in partitions])
        return {place.partition: offset for place, offset in found.items()}

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        places = {TopicPartition(self.topic, partition): offset for partition, offset in offsets.items()}
        self._consumer.assign(list(places))
        for place, offset in places.items():
            self._consumer.seek(place, offset)

    async def until(self, ends: Mapping[int, int]) -> dict[int, Records]:
        """The records from where `seek` went up to these offsets, by partition. The next `seek` is the caller's."""
        records: dict[int, Records] = {partition: [] for partition in ends}
        open_partitions = set(ends)
        waiting_since = asyncio.get_running_loop().time()
        while True:
            for partition in list(open_partitions):
                if await self._consumer.position(TopicPartition(self.topic, partition)) >= ends[partition]:
                    open_partitions.discard(partition)
            if not open_partitions:
                return records
            batch = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=5000)
            for place, found in batch.items():
                records[place.partition] += [record for record in found if record.offset < ends[place.partition]]
            now = asyncio.get_running_loop().time()
            if batch:
                waiting_since = now
            elif now - waiting_since > CALL_SECONDS:
                raise TimeoutError(f"{self.topic}: the broker sends no records")

    async def follow(self, offsets: Mapping[int, int]) -> AsyncIterator[Records]:
        """Records from these offsets on, as they come; each partition's in order. An empty list when none came.

        Partitions that are added later are read from their beginning. Raises LogTruncated when an offset lies beyond
        the log's end.
        """
        loop = asyncio.get_running_loop()
        self.seek(offsets)
        known, probe_at = dict(offsets), loop.time()
        while True:
            if loop.time() >= probe_at:
                await self._probe(known)
                probe_at = loop.time() + PROBE_SECONDS
            batch = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=2000)
            for place, records in batch.items():
                known[place.partition] = records[-1].offset + 1
            yield [record for records in batch.values() for record in records]

    async def _probe(self, known: dict[int, int]) -> None:
        """Ask the broker for partitions that are new, and whether the log is still the one that was read."""
        partitions = await self.partitions()
        ends = await self.ends(partitions)
        if any(ends.get(partition, 0) < offset for partition, offset in known.items()):
            raise LogTruncated(f"topic {self.topic} is shorter than before: it was made anew")
        new = set(partitions) - set(known)
        if new:
            known |= await self.beginnings(new)
            self.seek(known)


class LogTruncated(KafkaUnavailable):
    """The topic holds less than was read from it: what was read is no longer valid."""


def by_time(records: Mapping[int, Records]) -> Records:
    """One list in order of Kafka's timestamps, with each partition's records in their own order."""
    return list(merge(*records.values(), key=lambda record: record.timestamp))


@asynccontextmanager
async def open_reader(settings: Settings, topic: str) -> AsyncIterator[TopicReader]:
    """A reader of `topic`, closed at the end. Raises KafkaUnavailable or KafkaError when no broker answers."""
    options = client_options(settings) | {"request_timeout_ms": int(CALL_SECONDS * 1000)}
    admin = AIOKafkaAdminClient(**options)
    consumer = AIOKafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=POLL_MS,
        **options,
    )
    try:
        try:
            await admin.start()
            await consumer.start()
            cluster = await admin.describe_cluster()
        except KafkaError as error:
            problem = f"no Kafka answers at {options['bootstrap_servers']} ({type(error).__name__})"
            raise KafkaUnavailable(problem) from error
        yield TopicReader(topic, consumer, admin, log_id(cluster["cluster_id"], topic))
    finally:
        await close_consumer(consumer)
        await ended(admin.close())
