"""Reading topics without a consumer group: every partition, committed records only, new partitions included."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from heapq import merge
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.errors import KafkaUnavailable, no_topic
from app.kafka.client import client_options
from app.kafka.closing import close_consumer, ended
from app.settings import Settings

Records = list[Any]  # aiokafka's ConsumerRecord, which has no type information
Offsets = dict[TopicPartition, int]
POLL_MS = 500
PROBE_SECONDS = 2.0  # how often new partitions and a lost broker are looked for
CALL_SECONDS = 10.0  # a broker that takes longer to answer counts as lost


class TopicReader:
    """A consumer of all partitions of `topics`. Made by `open_reader`.

    Every method raises aiokafka's KafkaError, KafkaUnavailable or TimeoutError when the broker cannot be reached; the
    remedy is a new reader that starts from the offsets reached.
    """

    def __init__(
        self, topics: Sequence[str], consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, cluster: str
    ) -> None:
        self.topics = topics
        self.cluster = cluster
        self._consumer = consumer
        self._admin = admin
        self._at: Offsets = {}  # where reading stands, between two calls

    async def partitions(self) -> list[TopicPartition]:
        """Partitions of the topics as of now. Raises KafkaUnavailable when there is no such topic."""
        async with asyncio.timeout(CALL_SECONDS):
            found = {topic["topic"]: topic["partitions"] for topic in await self._admin.describe_topics()}
        if missing := [topic for topic in self.topics if topic not in found]:
            raise no_topic(missing[0])
        return sorted(TopicPartition(topic, part["partition"]) for topic in self.topics for part in found[topic])

    async def ends(self, places: Iterable[TopicPartition]) -> Offsets:
        """The offset after the last committed record of each partition."""
        async with asyncio.timeout(CALL_SECONDS):
            return dict(await self._consumer.end_offsets(list(places)))

    async def beginnings(self, places: Iterable[TopicPartition]) -> Offsets:
        """The first offset that each partition still holds."""
        async with asyncio.timeout(CALL_SECONDS):
            return dict(await self._consumer.beginning_offsets(list(places)))

    async def at_time(self, since_ms: int, ends: Mapping[TopicPartition, int]) -> Offsets:
        """The first offset with a timestamp of `since_ms` (epoch) or later; the given end where there is none."""
        async with asyncio.timeout(CALL_SECONDS):
            found = await self._consumer.offsets_for_times(dict.fromkeys(ends, since_ms))
        return {place: ends[place] if at is None else min(at.offset, ends[place]) for place, at in found.items()}

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        self._at = dict(offsets)
        self._consumer.assign(list(offsets))
        for place, offset in offsets.items():
            self._consumer.seek(place, offset)

    async def until(self, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, Records]:
        """The records from where `seek` went up to these offsets, by partition; those of others are left out."""
        records: dict[TopicPartition, Records] = {place: [] for place in ends}
        open_places = set(ends)
        waiting_since = asyncio.get_running_loop().time()
        while True:
            for place in list(open_places):
                if await self._consumer.position(place) >= ends[place]:
                    open_places.discard(place)
            if not open_places:
                self._at = {place: await self._consumer.position(place) for place in self._at}
                return records
            batch = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=5000)
            for place, found in ((place, found) for place, found in batch.items() if place in ends):
                records[place] += [record for record in found if record.offset < ends[place]]
            now = asyncio.get_running_loop().time()
            if batch:
                waiting_since = now
            elif now - waiting_since > CALL_SECONDS:
                raise TimeoutError(f"{', '.join(self.topics)}: the broker sends no records")

    async def follow(self, offsets: Mapping[TopicPartition, int]) -> AsyncIterator[Records]:
        """Records from these offsets on, as they come; each partition's in order. An empty list when none came.

        Partitions that are added later are read from their beginning. Raises LogTruncated when an offset lies beyond
        the log's end.
        """
        loop = asyncio.get_running_loop()
        known, probe_at = dict(offsets), loop.time()
        if self._at == known:  # as after `until`: to seek again would wait for a fetch that is under way
            probe_at += PROBE_SECONDS
            yield []
        else:
            self.seek(offsets)
        while True:
            if loop.time() >= probe_at:
                await self._probe(known)
                probe_at = loop.time() + PROBE_SECONDS
            batch = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=2000)
            for place, records in batch.items():
                known[place] = records[-1].offset + 1
            yield [record for records in batch.values() for record in records]

    async def _probe(self, known: Offsets) -> None:
        """Ask the broker for partitions that are new, and whether the log is still the one that was read."""
        places = await self.partitions()
        ends = await self.ends(places)
        if shorter := [place for place, offset in known.items() if ends.get(place, 0) < offset]:
            raise LogTruncated(f"topic {shorter[0].topic} is shorter than before: it was made anew")
        new = set(places) - set(known)
        if new:
            known |= await self.beginnings(new)
            self.seek(known)


class LogTruncated(KafkaUnavailable):
    """The topic holds less than was read from it: what was read is no longer valid."""


def by_time(records: Mapping[TopicPartition, Records]) -> Records:
    """One list in order of Kafka's timestamps, with each partition's records in their own order."""
    return list(merge(*records.values(), key=lambda record: record.timestamp))


@asynccontextmanager
async def open_reader(settings: Settings, topics: Sequence[str]) -> AsyncIterator[TopicReader]:
    """A reader of `topics`, closed at the end. Raises KafkaUnavailable or KafkaError when no broker answers."""
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
        yield TopicReader(topics, consumer, admin, cluster["cluster_id"])
    finally:
        await close_consumer(consumer)
        await ended(admin.close())
