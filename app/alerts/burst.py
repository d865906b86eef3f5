"""One burst from its first alert to its last: what is said of it, and when it is said again."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal

from app.alerts.rules import BUCKET_MS

Subject = Literal["topic", "country", "story"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A window that holds more than chance explains: buckets `first` to `last`, both included."""

    first: int
    last: int
    observed: int
    expected: float
    probability: float


@dataclass(slots=True)
class Burst:
    """What is remembered of a burst. Buckets are quarters of an hour since the epoch."""

    id: str
    since: int
    opened: int  # the bucket in which it was first told
    began: int  # the bucket in which it was told after it had not been there, or had been closed
    told: int  # articles when it was last told
    told_at: int  # the bucket in which that was
    closed: int | None = None
    is_old: bool = False  # closed because it lasted too long to be news; not told again before it is calm

    @property
    def is_open(self) -> bool:
        """Whether it goes on, told or not."""
        return self.closed is None or self.is_old

    def covers(self, bucket: int) -> bool:
        """Whether it went on in a bucket, as far as it was told."""
        return self.since <= bucket and (self.closed is None or bucket < self.closed)

    def dump(self) -> dict[str, Any]:
        """As JSON takes it; `Burst(**dump)` is the inverse."""
        return asdict(self)


def new_burst(subject: Subject, value: str, found: Finding, now: int) -> Burst:
    """A burst that begins with `found`; the same subject and beginning give the same id."""
    name = f"burst {subject} {value} {found.first}"
    identity = blake2b(name.encode(), digest_size=16).hexdigest()
    return Burst(identity, found.first, now, now, found.observed, now)


def alert(
    burst: Burst,
    subject: Subject,
    value: str,
    found: Finding,
    state: Literal["open", "closed"],
    at_ms: int,
    stories: list[str],
    events: list[str],
) -> dict[str, Any]:
    """The record for `geonews.alerts.v1`, as `schemas.alert.Burst` describes it."""
    return {
        "id": burst.id,
        "kind": "burst",
        "title": _title(subject, value, found, state),
        "at": _rfc3339(at_ms),
        "subject": subject,
        "value": value,
        "state": state,
        "since": _rfc3339(burst.since * BUCKET_MS),
        "until": _rfc3339(min((found.last + 1) * BUCKET_MS, max(at_ms, found.last * BUCKET_MS + 1))),
        "observed": found.observed,
        "expected": round(found.expected, 3),
        "probability": found.probability,
        "stories": stories,
        "events": events,
    }


def _title(subject: Subject, value: str, found: Finding, state: str) -> str:
    what = f"{subject} {value}"
    if state == "closed":
        return f"Back to normal: {what}"
    hours = (found.last + 1 - found.first) / 4
    usual = f"{found.expected:.0f}" if found.expected >= 10 else f"{found.expected:.1f}"
    return f"{found.observed} articles about {what} in {hours:g} h, where {usual} are usual"


def _rfc3339(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
