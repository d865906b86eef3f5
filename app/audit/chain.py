"""The ledger of one input partition: a chain without gap or overlap, each link checked against what Kafka holds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson
from aiokafka import TopicPartition
from pydantic import ValidationError

from app.audit.evidence import Evidence
from app.audit.report import AuditReport, Place
from app.kafka.reader import Record
from schemas.ledger import LedgerRecord

_COUNTS: Final = ("records", "published", "duplicates", "irrelevant", "dead_lettered", "rekeyed")
_UNKNOWN: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger record, where it stands, and what contradicts itself in it."""

    record: LedgerRecord
    place: TopicPartition
    offset: int
    problem: str | None = None

    @property
    def at_ms(self) -> int:
        """When the transaction was written, in ms since the epoch."""
        return int(self.record.at.timestamp() * 1000)


def parse_entry(record: Record) -> Entry:
    """The entry in a Kafka record. Raises ValueError when it does not even say where it belongs."""
    problem = None
    try:
        parsed = LedgerRecord.model_validate_json(record.value or b"")
    except ValidationError as error:
        problem = "; ".join(found["msg"] for found in error.errors(include_url=False, include_input=False))
        parsed = _lenient(record.value or b"", problem)
    return Entry(parsed, TopicPartition(parsed.topic, parsed.partition), record.offset, problem)


def _lenient(value: bytes, problem: str) -> LedgerRecord:
    """The offsets of an entry that contradicts itself: they still tell which input it means."""
    data = orjson.loads(value)
    if not isinstance(data, dict) or not isinstance(data.get("topic"), str):
        raise ValueError(problem)
    numbers = {name: data.get(name, 0) for name in (*_COUNTS, "partition", "first_offset", "next_offset")}
    if any(type(number) is not int for number in numbers.values()):
        raise ValueError(problem)
    return LedgerRecord.model_construct(topic=data["topic"], at=_UNKNOWN, **numbers)


class Chain:
    """Takes the entries of one input partition in the ledger's order; `finish` when the ledger is at its end."""

    def __init__(self, place: Place, evidence: Evidence, report: AuditReport, rekeys_since_ms: int) -> None:
        self._place = place
        self._where = TopicPartition(place.topic, place.partition)
        self._evidence = evidence
        self._report = report
        self._rekeys_since_ms = rekeys_since_ms  # what was re-keyed earlier may have expired at its own partition
        self._expected = place.start
        self._newest = -1  # the highest offset that any entry reaches

    def add(self, entry: Entry) -> None:
        """Judge the next entry. Those before the start or behind the committed offset are not judged."""
        record = entry.record
        first, end = record.first_offset, record.next_offset
        self._newest = max(self._newest, end)
        if first >= self._place.end or (not self._place.entries and end <= self._place.start):
            return
        if entry.problem:
            self._report.add("bad-entry", self._where, (first, end), f"{entry.problem} (ledger @{entry.offset})")
        if end <= first:
            return
        if end > self._place.end:
            message = f"the ledger goes on to {end}, but the group has committed {self._place.end}"
            self._report.add("overrun", self._where, (self._place.end, end), message)
        self._link(entry, first, end)
        self._place.entries += 1
        for name in _COUNTS:
            setattr(self._place, name, getattr(self._place, name) + getattr(record, name))

    def _link(self, entry: Entry, first: int, end: int) -> None:
        if first > self._expected:
            self._gap(self._expected, first)
        elif first < self._expected:
            message = f"accounted for again by the entry for [{first}, {end}) (ledger @{entry.offset})"
            self._report.add("overlap", self._where, (first, min(end, self._expected)), message)
        self._expected = max(self._expected, end)
        self._weigh(entry, first, end)

    def _gap(self, first: int, end: int) -> None:
        held = self._evidence.held(self._where, first, end)
        self._report.add("gap", self._where, (first, end), f"no ledger entry accounts for its {held} records")

    def _weigh(self, entry: Entry, first: int, end: int) -> None:
        """Compare the entry's counts with what Kafka holds of its range."""
        where, record, evidence = self._where, entry.record, self._evidence
        raw = where.topic == evidence.cut.channels.raw
        claims = [
            ("miscounted", record.records + record.rekeyed, evidence.held(where, first, end), "records in it"),
            (
                "unpublished",
                record.published,
                evidence.published(where, first, end),
                "candidates from it" if raw else "events from it",
            ),
            ("dead-letters", record.dead_lettered, evidence.dead[where].count(first, end), "dead letters from it"),
        ]
        if entry.at_ms >= self._rekeys_since_ms:
            claims.append(("rekeyed", record.rekeyed, evidence.rekeyed[where].count(first, end), "records re-keyed"))
        for kind, claimed, found, what in claims:
            if claimed != found:
                message = f"the ledger counts {claimed} {what}, Kafka holds {found} (ledger @{entry.offset})"
                self._report.add(kind, where, (first, end), message)

    def finish(self) -> None:
        """Judge the end: the chain must reach the committed offset."""
        if self._expected < self._place.end:
            self._gap(self._expected, self._place.end)

    def uncommitted(self) -> None:
        """Judge a partition of which the group has no committed offset: nothing can have been decided there."""
        if self._newest > self._place.start:
            message = "the group has no committed offset, but the ledger has entries: it would read everything again"
            self._report.add("uncommitted", self._where, (self._place.start, self._newest), message)
