"""What is remembered of a source, and kept in Kafka: one record a source in the compacted `source-state` topic."""

import base64
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson

from app.sources.fields import Entry
from app.sources.http import Validators
from app.sources.rhythm import Record

MOST_SEEN: Final = 1000
_SEEN_BYTES: Final = 8  # of an entry's identity: two of a thousand entries are the same once in 10^14


@dataclass(slots=True)
class SourceState:
    """Where a source stands. Times are in seconds since the epoch; `url` is the catalogue's address."""

    url: str
    address: str  # follows the feed when it moves for good
    etag: str | None = None
    last_modified: str | None = None
    body: str | None = None  # a digest: many servers send the same feed again, without any validator
    next_at: float = 0.0
    interval: float = 0.0
    failures: int = 0  # in a row
    problem: str | None = None  # why the last poll failed: a slug
    detail: str | None = None  # the same, for people
    gone: bool = False
    attempted_at: float | None = None
    succeeded_at: float | None = None
    entries: int = 0  # in the feed when it was parsed last
    without_address: int = 0
    future_dates: int = 0
    old_dates: int = 0
    alerted_for: float | None = None  # the silence, by when it began, for which an alert was raised
    record: Record = field(default_factory=Record)
    seen: dict[bytes, None] = field(default_factory=dict)  # oldest first

    @property
    def validators(self) -> Validators:
        """What to ask "has it changed?" with."""
        return Validators(self.etag, self.last_modified)

    def fresh(self, entries: list[Entry]) -> list[Entry]:
        """Entries that were never seen, oldest first; from now on they are. Old ones that are absent are forgotten."""
        new: dict[bytes, Entry] = {}
        for entry in reversed(entries):
            key = entry.identity[:_SEEN_BYTES]
            if key not in self.seen:
                new.setdefault(key, entry)
            self.seen.pop(key, None)
            self.seen[key] = None
        for key in list(self.seen)[: max(0, len(self.seen) - max(MOST_SEEN, len(entries)))]:
            del self.seen[key]
        return list(new.values())

    def to_json(self) -> bytes:
        """The record's value."""
        fields: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(self, name))}
        fields["seen"] = base64.b64encode(b"".join(self.seen)).decode()
        fields["record"] = self.record.to_plain()
        return orjson.dumps(fields)

    @classmethod
    def from_json(cls, value: bytes) -> Self:
        """The state that a record holds; fields of a newer version are passed over. Raises ValueError for no state."""
        try:
            fields = orjson.loads(value)
            packed = base64.b64decode(fields.pop("seen", ""))
            record = Record.from_plain(fields.pop("record", {}))
            known = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
            seen = dict.fromkeys(packed[at : at + _SEEN_BYTES] for at in range(0, len(packed), _SEEN_BYTES))
            return cls(**known, record=record, seen=seen)
        except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
            raise ValueError(f"no source state: {error}") from error


_PLAIN: Final = [name for name in SourceState.__dataclass_fields__ if name not in ("seen", "record")]


def state_for(url: str, value: bytes | None) -> SourceState:
    """The state of a source, from its record if it has one.

    A source whose address was changed in the catalogue starts over, but still knows the entries that it has sent.
    """
    if value is None:
        return SourceState(url, url)
    try:
        state = SourceState.from_json(value)
    except ValueError:
        return SourceState(url, url)
    if state.url == url:
        return state
    return SourceState(url, url, record=state.record, seen=state.seen)
