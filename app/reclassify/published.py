"""What stands on the events channel: the newest version of every event, as of when it was read."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from app.kafka.reader import KafkaReader, Offsets
from app.settings import Settings

_SKEW_MS = 60 * 60 * 1000  # by which clocks of producers, brokers and workers may differ


@dataclass(frozen=True, slots=True)
class Standing:
    """One event's newest version; `topics` is empty for one that was withdrawn."""

    version: int
    topics: tuple[str, ...]


@dataclass(slots=True)
class Published:
    """Events by id. Those that a changed text superseded are known by id, and no longer judged."""

    events: dict[str, Standing] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)

    def take(self, value: bytes) -> None:
        """Take in a record of the events channel; what is no event of ours is passed over."""
        try:
            record = orjson.loads(value)
            if (withdrawn := record.get("withdraws")) is not None:
                before = self.events.get(withdrawn)
                self.events[withdrawn] = Standing(before.version if before else 1, ())
                return
            self._event(record)
        except (ValueError, TypeError, KeyError, AttributeError):
            return

    def _event(self, event: dict[str, Any]) -> None:
        topics = tuple(sorted(topic["topic"] for topic in event["topics"]))
        self.events[event["id"]] = Standing(event["version"], topics)
        if event["supersedes"] and event["supersedes"] != event["id"]:
            self.superseded.add(event["supersedes"])


async def read_published(reader: KafkaReader, settings: Settings, topics: Any, since_ms: int) -> Published:
    """All events of articles that came since a moment (ms since the epoch)."""
    published, places = Published(), topics[settings.channels.events]
    ends: Offsets = await reader.stable_ends(places)
    starts = await reader.at_time(places, max(0, since_ms - _SKEW_MS), ends)
    async for _, records in reader.records({place: (starts[place], ends[place]) for place in places}):
        for record in records:
            published.take(record.value or b"")
    return published
