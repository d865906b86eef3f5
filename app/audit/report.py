"""What an audit says."""

from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

MAX_FINDINGS: Final = 1000  # are kept; the rest is counted


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is missing, doubled or wrong: what (a slug), and where: offsets [first, end) of a partition."""

    kind: str
    topic: str
    partition: int
    first: int
    end: int
    message: str

    def __str__(self) -> str:
        where = f"@{self.first}" if self.end == self.first + 1 else f" [{self.first}, {self.end})"
        return f"{self.kind}: {self.topic}-{self.partition}{where}: {self.message}"


@dataclass(slots=True)
class Place:
    """One input partition: the offsets [start, end) that its ledger accounts for, and the sums of that ledger.

    `start_reason` is "log start", "since" or "retention"; `end` is the group's committed offset; `waiting` counts the
    records (for candidates: articles) behind it, which are no error.
    """

    topic: str
    partition: int
    start: int
    start_reason: str
    end: int
    entries: int = 0
    records: int = 0
    published: int = 0
    duplicates: int = 0
    irrelevant: int = 0
    dead_lettered: int = 0
    rekeyed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """One conservation law: both sides are counted independently and must be equal."""

    what: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Whether the two sides agree."""
        return self.left == self.right


@dataclass(slots=True)
class AuditReport:
    """The whole audit. `since_ms` (epoch) is where it begins in time; None: everything that was ever processed."""

    since_ms: int | None = None
    places: list[Place] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    republished: int = 0  # articles seen again after the de-duplication window, and published again by contract

    @property
    def is_clean(self) -> bool:
        """Whether nothing is missing, doubled or wrong."""
        return not self.finding_count and all(balance.holds for balance in self.balances)

    @property
    def waiting(self) -> int:
        """Records that no lane has come to yet."""
        return sum(place.waiting for place in self.places)

    def add(self, kind: str, place: TopicPartition, span: tuple[int, int], message: str) -> None:
        """Report a finding at offsets `span` of `place`."""
        self.finding_count += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(kind, place.topic, place.partition, *span, message))

    def add_at(self, kind: str, place: TopicPartition, offset: int, message: str) -> None:
        """Report a finding at one offset."""
        self.add(kind, place, (offset, offset + 1), message)
