"""One event as the gateway keeps it: its JSON, ready to send, and the few facts that filters ask for."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from pydantic import ValidationError

from schemas.event import EnrichedEvent


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An event with its place in Kafka. `timestamp` is Kafka's, in ms since the epoch; `json` is one line of UTF-8."""

    partition: int
    offset: int
    timestamp: int
    id: str
    topics: dict[str, float]  # topic -> score
    countries: dict[str, str]  # code -> name
    language: str
    source: frozenset[str]  # id and domain
    published_at: datetime
    words: str  # title and summary, folded for search
    json: bytes = field(repr=False)

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort key that every gateway agrees on, oldest first."""
        return (self.timestamp, self.partition, self.offset)


def decode(partition: int, offset: int, timestamp: int, value: bytes | None) -> Item | None:
    """The record as an item, or None when its value is no EnrichedEvent.

    Fields of a newer contract are passed on as they are.
    """
    if value is None:
        return None
    try:
        event = EnrichedEvent.model_validate_json(value, extra="ignore")
        json = orjson.dumps(orjson.loads(value))  # server-sent events need it on one line
    except (ValidationError, orjson.JSONDecodeError):
        return None
    return Item(
        partition=partition,
        offset=offset,
        timestamp=timestamp,
        id=event.id,
        topics={topic.topic: topic.score for topic in event.topics},
        countries={country.code: country.name for country in event.countries},
        language=(event.language or "").lower(),
        source=frozenset({event.source.id.lower(), event.source.domain.lower()}),
        published_at=event.published_at,
        words=fold(f"{event.title}\n{event.summary}"),
        json=json,
    )


def fold(text: str) -> str:
    """Text as search compares it: without case, and without accents and other marks where Unicode separates them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
