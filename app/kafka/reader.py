"""Bounded reads without a consumer group: what Kafka holds, committed, between two offsets of any partitions."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.errors import KafkaUnavailable
from app.kafka.admin import admin_client
from app.kafka.client import bootstrap_servers, client_options
from app.settings import Settings

Record = Any  # aiokafka's ConsumerRecord, which has no type information
Offsets = dict[TopicPartition, int]
Span = tuple[int, int]  # first offset, and the offset after the last

_CALL_SECONDS: Final = 30.0
_STALL_SECONDS: Final = 30.0
_POLL_RECORDS: Final = 5000


class KafkaReader:
    """Offsets and records of any topics; made by `open_reader`. Methods raise KafkaUnavailable when Kafka is away."""

    def __init__(self, admin: AIOKafkaAdminClient, committed: AIOKafkaConsumer, written: AIOKafkaConsumer) -> None:
        self._admin = admin
        self._committed = committed
        self._written = written

    async def topics(self, prefix: str) -> dict[str, list[TopicPartition]]:
        """The partitions of every topic whose name begins with `prefix`."""
        found = await _call(self._admin.describe_topics())
        return {
            topic["topic"]: [TopicPartition(topic["topic"], part["partition"]) for part in topic["partitions"]]
            for topic in found
            if topic["topic"].startswith(prefix)
        }

    async def starts(self, places: Iterable[TopicPartition]) -> Offsets:
        """The first offset that each partition still holds."""
        return dict(await _call(self._committed.beginning_offsets(list(places))))

    async def stable_ends(self, places: Iterable[TopicPartition]) -> Offsets:
        """Last stable offsets: every transaction with records below them is decided."""
        return dict(await _call(self._committed.end_offsets(list(places))))

    async def written_ends(self, places: Iterable[TopicPartition]) -> Offsets:
        """High watermarks: records of open transactions lie below them too."""
        return dict(await _call(self._written.end_offsets(list(places))))

    async def at_time(
        self, places: Iterable[TopicPartition], since_ms: int, ends: Mapping[TopicPartition, int]
    ) -> Offsets:
        """The first offset with a timestamp of `since_ms` (epoch) or later; the given end where there is none."""
        found = await _call(self._committed.offsets_for_times(dict.fromkeys(places, since_ms)))
        return {place: ends[place] if at is None else at.offset for place, at in found.items()}

    async def group_offsets(self, group: str, places: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        """What a consumer group has committed; None where it has committed nothing."""
        places = list(places)
        deadline = time.monotonic() + _CALL_SECONDS
        while True:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    found = await self._admin.list_consumer_group_offsets(group, partitions=places)
                if missing := [place for place in places if place not in found]:
                    # aiokafka overlooks an error of the group as a whole, and then hands over nothing.
                    raise KafkaError(f"nothing is said about {missing}")
            except (KafkaError, AttributeError) as error:  # aiokafka stumbles over the error that it means to report
                if time.monotonic() > deadline:
                    raise KafkaUnavailable(f"Kafka does not tell the offsets of group {group}: {error!r}") from error
                await asyncio.sleep(0.2)
                continue
            return {place: at if (at := found[place].offset) >= 0 else None for place in places}

    async def records(
        self, spans: Mapping[TopicPartition, Span], advance: Callable[[int], object] | None = None
    ) -> AsyncIterator[tuple[TopicPartition, list[Record]]]:
        """Committed records within `spans`, each partition's in order; `advance` hears how many offsets were passed."""
        positions = {place: first for place, (first, end) in spans.items() if first < end}
        if not positions:
            return
        consumer = self._committed
        consumer.assign(list(positions))
        for place, first in positions.items():
            consumer.seek(place, first)
        moved_at = time.monotonic()
        while positions:
            batches = await consumer.getmany(*positions, timeout_ms=500, max_records=_POLL_RECORDS)
            for place, records in batches.items():
                end = spans[place][1]
                if wanted := records if records[-1].offset < end else [r for r in records if r.offset < end]:
                    yield place, wanted
            passed = 0
            for place in list(positions):
                # The position passes control records and aborted ones, which are never returned.
                position = min(await consumer.position(place), spans[place][1])
                passed += position - positions[place]
                positions[place] = position
                if position >= spans[place][1]:
                    del positions[place]
                    consumer.pause(place)
            if passed:
                moved_at = time.monotonic()
                if advance:
                    advance(passed)
            elif time.monotonic() - moved_at > _STALL_SECONDS:
                waiting = ", ".join(f"{place.topic}-{place.partition}@{at}" for place, at in positions.items())
                raise KafkaUnavailable(f"Kafka sends no records any more: {waiting}")


def tally(
    spans: Mapping[TopicPartition, Span], advance: Callable[[int, int], object] | None
) -> Callable[[int], object]:
    """What `records` may call as it passes offsets, for an `advance` that hears (offsets passed, in all)."""
    total = sum(max(0, end - first) for first, end in spans.values())
    passed = 0

    def on(offsets: int) -> None:
        nonlocal passed
        passed += offsets
        if advance:
            advance(passed, total)

    return on


@asynccontextmanager
async def open_reader(settings: Settings) -> AsyncIterator[KafkaReader]:
    """A reader, closed at the end. Raises KafkaUnavailable when no broker answers."""
    async with admin_client(settings) as admin:
        consumers = [
            AIOKafkaConsumer(
                **client_options(settings),
                isolation_level=isolation,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=100,
            )
            for isolation in ("read_committed", "read_uncommitted")
        ]
        try:
            for consumer in consumers:
                await consumer.start()
            yield KafkaReader(admin, *consumers)
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable(f"Kafka at {bootstrap_servers(settings)} cannot be read: {error!r}") from error
        finally:
            await asyncio.gather(*(consumer.stop() for consumer in consumers), return_exceptions=True)


async def _call(asked: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            return await asked
    except (KafkaError, TimeoutError) as error:
        raise KafkaUnavailable(f"Kafka does not answer: {error!r}") from error
