"""Events: each once in the channel of all events, and once in the channel of each of its topics."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiokafka import TopicPartition

from app.audit.cut import SKEW_MS
from app.audit.evidence import Evidence, pack, parse_event, raw_position, unpacked
from app.kafka.reader import KafkaReader, Record
from app.steps.memory import GENERATIONS
from app.steps.resubmit import CORRECTED

_TIME_BITS: Final = 48


class Events:
    """Matches events with their candidates, and topic channels with the events. Read events first."""

    def __init__(self, evidence: Evidence, window_ms: int) -> None:
        self._evidence = evidence
        self._cut = evidence.cut
        self._report = evidence.report
        # Memory drops an eighth of its window at a time; what was forgotten may be published again.
        self._window_ms = window_ms - window_ms // GENERATIONS
        self._bits = {topic: 1 << n for n, topic in enumerate(sorted(self._cut.event_topics.values()))}
        self._mask_bits = len(self._bits)
        # Packed raw position -> packed position of the event, and the channels in which it has not been found yet.
        self._events: dict[int, int] = {}
        self._ids: dict[bytes, int] = {}  # id -> packed position of the event, and its time
        self.expected: defaultdict[str, int] = defaultdict(int)
        self.found: defaultdict[str, int] = defaultdict(int)
        self.records = 0
        self.distinct = 0

    async def read(self, reader: KafkaReader, advance: Callable[[int], object]) -> None:
        """Read the channel of all events, then that of each topic; report what is missing, doubled or foreign."""
        async for place, records in reader.records(self._cut.spans(self._cut.channels.events), advance):
            for record in records:
                self._event(place, record)
        self.distinct = len(self._ids)
        self._ids.clear()
        for name, topic in self._cut.event_topics.items():
            async for place, records in reader.records(self._cut.spans(name), advance):
                for record in records:
                    self._in_channel(place, record, topic)
        self._judge_missing()

    def _event(self, place: TopicPartition, record: Record) -> None:
        parsed = self._parsed(place, record)
        if parsed is None:
            return
        event, raw, candidate = parsed
        partition, offset = unpacked(candidate)
        source = TopicPartition(self._cut.channels.candidates, partition)
        if offset >= self._cut.committed_at(source):
            return  # written after the cut
        at = pack(place.partition, record.offset)
        if raw in self._events:
            number, first = unpacked(self._events[raw] >> self._mask_bits)
            self._report.add_at(
                "doubled-event", place, record.offset, f"event {event['id']} stands at partition {number}@{first} too"
            )
        else:
            self._events[raw] = at << self._mask_bits | self._mask(place, record, event)
            self._judge_id(place, record, event["id"], at)
        self.records += 1
        self._evidence.routed[source].add(offset)

    def _judge_id(self, place: TopicPartition, record: Record, event_id: str, at: int) -> None:
        key = bytes.fromhex(event_id)
        if (known := self._ids.get(key)) is not None:
            number, first = unpacked(known >> _TIME_BITS)
            apart_ms = record.timestamp - (known & ((1 << _TIME_BITS) - 1))
            if abs(apart_ms) >= self._window_ms:
                self._report.republished += 1
            else:
                message = f"event {event_id}, from another raw record, stands at partition {number}@{first} too"
                self._report.add_at("doubled-event", place, record.offset, message)
        self._ids[key] = at << _TIME_BITS | max(0, record.timestamp)

    def _mask(self, place: TopicPartition, record: Record, event: dict[str, Any]) -> int:
        mask = 0
        for topic in {topic["topic"] for topic in event["topics"]}:
            if topic in self._bits:
                mask |= self._bits[topic]
                self.expected[topic] += 1
            else:
                name = self._cut.channels.events_of(topic)
                self._report.add_at("missing-event", place, record.offset, f"there is no topic {name}")
        return mask

    def _in_channel(self, place: TopicPartition, record: Record, topic: str) -> None:
        parsed = self._parsed(place, record)
        if parsed is None:
            return
        event, raw, candidate = parsed
        partition, offset = unpacked(candidate)
        if offset >= self._cut.committed_at(TopicPartition(self._cut.channels.candidates, partition)):
            return
        self.found[topic] += 1
        bit = self._bits[topic]
        if self._events.get(raw, 0) & bit:
            self._events[raw] ^= bit
        else:
            message = f"event {event['id']} stands here twice, or does not belong here"
            self._report.add_at("surplus-event", place, record.offset, message)

    def _parsed(self, place: TopicPartition, record: Record) -> tuple[dict[str, Any], int, int] | None:
        """The event, its packed raw position and its candidate's; None when it is not to be judged further."""
        if any(name == CORRECTED for name, _ in record.headers):
            return None  # no lane's doing
        try:
            event = parse_event(record.value)
            raw = pack(*raw_position(event, self._cut.channels.raw))
            bytes.fromhex(event["id"])
            processed_ms = datetime.fromisoformat(event["processed_at"]).timestamp() * 1000
            [topic["topic"] for topic in event["topics"]]
        except (ValueError, TypeError, KeyError) as error:
            self._report.add_at("foreign", place, record.offset, f"no event of ours: {error!r}")
            return None
        candidate = self._evidence.candidate_of.get(raw)
        if candidate is None and processed_ms >= self._cut.horizon_ms + (SKEW_MS if self._cut.horizon_ms else 0):
            self._report.add_at("foreign", place, record.offset, f"event {event['id']} comes from no candidate")
        return None if candidate is None else (event, raw, candidate)

    def _judge_missing(self) -> None:
        channels = self._cut.channels
        for packed in self._events.values():
            missing = packed & ((1 << self._mask_bits) - 1)
            if missing:
                partition, offset = unpacked(packed >> self._mask_bits)
                names = [channels.events_of(topic) for topic, bit in self._bits.items() if missing & bit]
                place = TopicPartition(channels.events, partition)
                self._report.add_at("missing-event", place, offset, f"this event is not in {', '.join(names)}")
