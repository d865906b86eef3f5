"""What the steps want written: plain values that delivery turns into one transaction."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from app.steps.records import Inbound
from app.steps.rejected import Rejected
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage, attempts_before

Headers = list[tuple[str, bytes]]


class Outcome(StrEnum):
    """What became of one input record. The first four add up to the ledger's `records`."""

    PUBLISHED = "published"
    DUPLICATE = "duplicates"
    IRRELEVANT = "irrelevant"
    DEAD_LETTERED = "dead_lettered"
    REKEYED = "rekeyed"


@dataclass(slots=True)
class Outgoing:
    """One Kafka record to write; `partition` None leaves the choice to the key's hash (murmur2, as Java does)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What metrics need to know of an event: times in ms since the epoch, `origin` its article's traceparent."""

    topics: tuple[str, ...]
    published_ms: int
    received_ms: int
    origin: str = ""


@dataclass(slots=True)
class Decided:
    """Everything that one batch leads to; written, or forgotten, as a whole."""

    outgoing: list[Outgoing] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    dead: Counter[tuple[Stage, Reason]] = field(default_factory=Counter)
    published: list[Published] = field(default_factory=list)
    seconds: dict[Stage, float] = field(default_factory=dict)

    def dead_letter(self, topic: str, record: Inbound, why: Rejected, attempts: int = 1) -> None:
        """Add `record`, its key and bytes untouched, to the dead letters.

        `attempts` counts this processing alone; those before a replay are added.
        """
        about = DeadLetterHeaders(
            stage=why.stage,
            reason=why.reason,
            error_class=why.error_class,
            message=why.message,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            attempts=attempts + attempts_before(record.headers),
        )
        kept = [header for header in record.headers if not header[0].startswith("geonews.error.")]
        self.outgoing.append(
            Outgoing(topic, record.key, record.value, kept + about.to_headers(), partition=record.partition)
        )
        self.outcomes[Outcome.DEAD_LETTERED] += 1
        self.dead[why.stage, why.reason] += 1

    def add(self, other: "Decided") -> None:
        """Take in what another part of the same batch leads to."""
        self.outgoing += other.outgoing
        self.outcomes.update(other.outcomes)
        self.dead.update(other.dead)
        self.published += other.published
        for stage, seconds in other.seconds.items():
            self.took(stage, seconds)

    def took(self, stage: Stage, seconds: float) -> None:
        """Add to the time that a stage took for this batch."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
