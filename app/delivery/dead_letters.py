"""Reads dead letters: which there are, what each says, and whether it was sent back already."""

import heapq
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from app.errors import NoSuchLetter, no_topic
from app.kafka.reader import KafkaReader, Offsets, Record, tally
from app.settings import Settings
from app.steps.records import Inbound
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage

_BITS: Final = 48


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: the record as it stands in Kafka, and what its headers say."""

    record: Inbound
    about: DeadLetterHeaders
    is_replayed: bool = False

    @property
    def position(self) -> tuple[int, int]:
        """Partition and offset, as `geonews dead-letters show` takes them."""
        return self.record.partition, self.record.offset


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are wanted: empty or None leaves a criterion out. Times (ms since the epoch) are when they died."""

    reasons: Collection[Reason] = ()
    stage: Stage | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether `letter` is wanted."""
        at = letter.record.timestamp
        return (
            (not self.reasons or letter.about.reason in self.reasons)
            and (self.stage is None or letter.about.stage == self.stage)
            and (self.since_ms is None or at >= self.since_ms)
            and (self.until_ms is None or at < self.until_ms)
        )


class LetterBox:
    """The dead letters up to the time at which it was opened."""

    def __init__(self, reader: KafkaReader, starts: Offsets, ends: Offsets, replayed: frozenset[int]) -> None:
        self._reader = reader
        self._starts = starts
        self._ends = ends
        self._replayed = replayed

    @classmethod
    async def open(cls, reader: KafkaReader, settings: Settings) -> "LetterBox":
        """Look at what Kafka holds now. Raises KafkaUnavailable when topics are missing."""
        channels = settings.channels
        topics = await reader.topics(f"{settings.namespace}.")
        for name in (channels.dead_letters, channels.replays):
            if name not in topics:
                raise no_topic(name)
        places = topics[channels.dead_letters]
        # The markers first: a letter that is replayed meanwhile then counts as not replayed, never the other way.
        replayed = await _replayed(reader, topics[channels.replays])
        return cls(reader, await reader.starts(places), await reader.stable_ends(places), replayed)

    async def letters(
        self, choice: Choice, advance: Callable[[int, int], object] | None = None
    ) -> AsyncIterator[Letter]:
        """The wanted letters, each partition's in order. `advance` hears (offsets passed, offsets in all)."""
        starts: Mapping[TopicPartition, int] = self._starts
        if choice.since_ms is not None:
            starts = await self._reader.at_time(self._starts, choice.since_ms, self._ends)
        spans = {place: (starts[place], end) for place, end in self._ends.items()}
        async for _, records in self._reader.records(spans, tally(spans, advance)):
            for record in records:
                letter = self._letter(record)
                if letter is not None and choice.takes(letter):
                    yield letter

    async def newest(self, choice: Choice, limit: int) -> list[Letter]:
        """The `limit` newest of the wanted letters, oldest first."""
        kept: list[tuple[int, int, int, Letter]] = []
        async for letter in self.letters(choice):
            entry = (letter.record.timestamp, *letter.position, letter)
            if len(kept) < limit:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
        return [entry[-1] for entry in sorted(kept, key=lambda entry: entry[:3])]

    async def one(self, partition: int, offset: int) -> Letter:
        """The letter at a position. Raises NoSuchLetter when there is none."""
        for place, end in self._ends.items():
            if place.partition == partition and self._starts[place] <= offset < end:
                async for _, records in self._reader.records({place: (offset, offset + 1)}):
                    for record in records:
                        if (letter := self._letter(record)) is not None:
                            return letter
        raise NoSuchLetter(f"no dead letter at partition {partition}, offset {offset}: see `geonews dead-letters list`")

    def _letter(self, record: Record) -> Letter | None:
        try:
            about = DeadLetterHeaders.from_headers(record.headers)
        except (KeyError, ValueError, AttributeError):
            return None  # a stranger's record; the audit reports it
        inbound = Inbound(
            record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, record.headers
        )
        return Letter(inbound, about, record.partition << _BITS | record.offset in self._replayed)


async def _replayed(reader: KafkaReader, places: list[TopicPartition]) -> frozenset[int]:
    """Positions of the letters that were sent back; some 60 bytes of memory each."""
    starts, ends = await reader.starts(places), await reader.stable_ends(places)
    found = set()
    async for _, records in reader.records({place: (starts[place], ends[place]) for place in places}):
        for record in records:
            # The key is `topic-partition@offset`.
            place, _, offset = (record.key or b"").rpartition(b"@")
            found.add(int(place.rpartition(b"-")[2]) << _BITS | int(offset))
    return frozenset(found)
