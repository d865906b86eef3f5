"""What Kafka really holds, gathered so that any range of input offsets can be checked against it.

Memory: 16 bytes for each hole in raw and each packed record of candidates, 8 for each dead letter and re-keyed record,
and some 400 for each relevant article, within the range that is judged (`--since` bounds it).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson
from aiokafka import TopicPartition

from app.audit.cut import Cut
from app.audit.report import AuditReport
from app.audit.tallies import Positions, Runs, Weights
from app.kafka.reader import KafkaReader, Record
from app.steps.candidates import unpack
from app.steps.rekey import REKEYED_FROM
from schemas.dead_letter import REPLAYED_FROM, DeadLetterHeaders

_PARTITION_SHIFT: Final = 48


class Evidence:
    """Counts and positions, by input partition. Read in this order: letters, candidates, raw (then the events)."""

    def __init__(self, cut: Cut, report: AuditReport) -> None:
        self.cut = cut
        self.report = report
        self.raw: defaultdict[TopicPartition, Runs] = defaultdict(Runs)
        self.packed: defaultdict[TopicPartition, Weights] = defaultdict(Weights)
        self.written: defaultdict[TopicPartition, Positions] = defaultdict(Positions)  # candidates, by raw position
        self.routed: defaultdict[TopicPartition, Positions] = defaultdict(Positions)  # events, by candidate's position
        self.dead: defaultdict[TopicPartition, Positions] = defaultdict(Positions)
        self.rekeyed: defaultdict[TopicPartition, Positions] = defaultdict(Positions)
        self.candidate_of: dict[int, int] = {}  # packed raw position -> packed position of its candidate
        self._handlers: dict[str, Callable[[TopicPartition, Record], None]] = {
            cut.channels.dead_letters: self._letter,
            cut.channels.candidates: self._candidates,
            cut.channels.raw: self._raw,
        }

    async def read(self, reader: KafkaReader, topic: str, advance: Callable[[int], object]) -> None:
        """Take in everything that the cut has of one topic."""
        handle = self._handlers[topic]
        async for place, records in reader.records(self.cut.spans(topic), advance):
            for record in records:
                handle(place, record)

    def held(self, place: TopicPartition, first: int, end: int) -> int:
        """Data records (for candidates: articles) that Kafka holds at [first, end) of an input partition."""
        tally = self.raw[place] if place.topic == self.cut.channels.raw else self.packed[place]
        return tally.count(first, end)

    def published(self, place: TopicPartition, first: int, end: int) -> int:
        """What the next topic holds of the input at [first, end): candidates of raw, events of candidates."""
        tally = self.written if place.topic == self.cut.channels.raw else self.routed
        return tally[place].count(first, end)

    def judge_repeats(self) -> None:
        """Report raw records that became several candidates, dead letters or re-keyed records."""
        kinds = (
            (self.written, "doubled-candidate", "became several candidates"),
            (self.dead, "doubled-dead-letter", "has several dead letters"),
            (self.rekeyed, "doubled-rekey", "was handed to its own partition several times"),
        )
        for tally, kind, what in kinds:
            for place, positions in tally.items():
                for offset in positions.repeated():
                    if offset < self.cut.committed_at(place):
                        self.report.add_at(kind, place, offset, f"this record {what}")

    # -- one record of each topic --------------------------------------------------------------------------------------

    def _letter(self, place: TopicPartition, record: Record) -> None:
        try:
            about = DeadLetterHeaders.from_headers(record.headers)
        except (KeyError, ValueError, AttributeError) as error:
            self.report.add_at("foreign", place, record.offset, f"no dead letter of ours: {error!r}")
            return
        if about.topic in (self.cut.channels.story_input, self.cut.channels.alerts):
            return  # stories and alerts are made from events, and no part of what is balanced here
        origin = TopicPartition(about.topic, about.partition)
        if origin in self.cut.committed:
            self.dead[origin].add(about.offset)
        else:
            self.report.add_at("foreign", place, record.offset, f"a dead letter of {about.topic}-{about.partition}")

    def _candidates(self, place: TopicPartition, record: Record) -> None:
        try:
            candidates = unpack(record.value or b"")
            positions = [raw_position(candidate.event, self.cut.channels.raw) for candidate in candidates]
        except (ValueError, TypeError, KeyError) as error:
            self.packed[place].add(record.offset, 1)  # the lane counts it as one, too
            if record.offset not in self.dead[place] and record.offset < self.cut.committed_at(place):
                self.report.add_at("foreign", place, record.offset, f"no candidates: {error!r}")
            return
        # A record that failed as a whole is one dead letter, whatever number of articles it packs.
        self.packed[place].add(record.offset, 1 if record.offset in self.dead[place] else len(candidates))
        replayed = any(name == REPLAYED_FROM for name, _ in record.headers)
        for partition, offset in positions:
            self.candidate_of[pack(partition, offset)] = pack(place.partition, record.offset)
            if not replayed:
                self.written[TopicPartition(self.cut.channels.raw, partition)].add(offset)

    def _raw(self, place: TopicPartition, record: Record) -> None:
        self.raw[place].add(record.offset)
        for name, value in record.headers:
            if name == REKEYED_FROM and (source := _source_of(value, self.cut.topics[place.topic])):
                self.rekeyed[source[0]].add(source[1])


def _source_of(value: bytes | None, places: Iterable[TopicPartition]) -> tuple[TopicPartition, int] | None:
    """What `topic-partition@offset` names, or None: anybody may write headers."""
    place, _, offset = (value or b"").decode("utf-8", "replace").rpartition("@")
    topic, _, partition = place.rpartition("-")
    if not (partition.isdecimal() and offset.isdecimal() and len(partition) < 10 and len(offset) < 19):
        return None
    source = TopicPartition(topic, int(partition))
    return (source, int(offset)) if source in places else None


def raw_position(event: dict[str, Any], raw: str) -> tuple[int, int]:
    """Partition and offset of the raw record that an event came from. Raises KeyError, TypeError or ValueError."""
    position = event["raw"]
    if position["topic"] != raw:
        raise ValueError(f"comes from topic {position['topic']}")
    return int(position["partition"]), int(position["offset"])


def pack(partition: int, offset: int) -> int:
    """A position as one integer, which takes a third of a tuple's memory."""
    return partition << _PARTITION_SHIFT | offset


def unpacked(position: int) -> tuple[int, int]:
    """Inverse of `pack`."""
    return position >> _PARTITION_SHIFT, position & ((1 << _PARTITION_SHIFT) - 1)


def parse_event(value: bytes | None) -> dict[str, Any]:
    """The JSON object of an event. Raises ValueError for anything else."""
    event = orjson.loads(value or b"")
    if not isinstance(event, dict):
        raise ValueError("a JSON object is wanted")
    return event
