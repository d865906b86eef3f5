"""One record as the gateway keeps it: its JSON, ready to send, and the few facts that filters ask for."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Self

import orjson
from pydantic import ValidationError

from app.gateway.position import Place
from schemas.alert import Alert, Burst, SourceSilent
from schemas.event import EnrichedEvent
from schemas.story import Story
from schemas.withdrawal import Withdrawal

Kind = Literal["event", "withdrawal", "story", "alert"]
LISTED_ARTICLES = 5  # a story has up to 200: lists and the stream hold the newest


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters may ask of a record. None: the question means nothing for it, so any answer will do."""

    topics: Mapping[str, float] | None = None  # topic -> score
    countries: Mapping[str, str] | None = None  # code -> name
    languages: tuple[str, ...] | None = None
    sources: frozenset[str] | None = None  # ids and domains
    sectors: frozenset[str] | None = None
    at: datetime | None = None
    words: str | None = None  # folded for search
    publisher: tuple[str, str] | None = None  # id and name


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A record with its place in Kafka. `timestamp` is Kafka's, in ms since the epoch; `json` is one line of UTF-8."""

    kind: Kind
    place: Place
    offset: int
    timestamp: int
    id: str
    facts: Facts
    json: bytes = field(repr=False)
    whole: bytes = field(repr=False)  # a story with all its articles; else the same as `json`
    replaces: str | None = None  # id of the event that this one takes the place of
    state: str | None = None  # a story's status, an alert's state
    about: str | None = None  # an alert's kind, why an event was withdrawn

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort key that every gateway agrees on, oldest first."""
        return (self.timestamp, self.place[1], self.offset)

    def listed(self) -> Self:
        """The same without what only its own page shows."""
        return self if self.whole is self.json else replace(self, whole=self.json)


def decode(partition: int, offset: int, timestamp: int, value: bytes | None) -> Item | None:
    """A record of the channel of events, or None when its value is no EnrichedEvent.

    Fields of a newer contract are passed on as they are.
    """
    if value is None:
        return None
    try:
        event = EnrichedEvent.model_validate_json(value, extra="ignore")
        json = one_line(value)
    except (ValidationError, orjson.JSONDecodeError):
        return None
    facts = Facts(
        topics={topic.topic: topic.score for topic in event.topics},
        countries={country.code: country.name for country in event.countries},
        languages=(event.language.lower(),) if event.language else (),
        sources=frozenset({event.source.id.lower(), event.source.domain.lower()}),
        sectors=frozenset(event.sectors),
        at=event.published_at,
        words=fold(f"{event.title}\n{event.summary}"),
        publisher=(event.source.id, event.source.name),
    )
    older = event.supersedes if event.supersedes != event.id else None  # a corrected event keeps its id
    return Item("event", (0, partition), offset, timestamp, event.id, facts, json, json, replaces=older)


def decode_any(channel: int, partition: int, offset: int, timestamp: int, value: bytes | None) -> Item | None:
    """A record of any streamed channel (an index in `STREAMED`), or None when its value is none of ours."""
    if channel == 0:
        event = decode(partition, offset, timestamp, value)
        return event or _decode(Withdrawal, (0, partition), offset, timestamp, value)
    return _decode(Story if channel == 1 else Alert, (channel, partition), offset, timestamp, value)


def _decode(
    model: type[Withdrawal] | type[Story] | type[Alert], place: Place, offset: int, timestamp: int, value: bytes | None
) -> Item | None:
    if value is None:
        return None
    try:
        found = model.model_validate_json(value, extra="ignore")
        whole = one_line(value)
    except (ValidationError, orjson.JSONDecodeError):
        return None
    if isinstance(found, Story):
        json = _listed(whole)
        return Item("story", place, offset, timestamp, found.id, _of_story(found), json, whole, state=found.status)
    if isinstance(found, Withdrawal):
        facts = Facts(topics=dict.fromkeys(found.topics, 1.0))
        return Item("withdrawal", place, offset, timestamp, found.withdraws, facts, whole, whole, about=found.reason)
    alert = found.root
    state = alert.state if isinstance(alert, Burst) else None
    facts = _of_alert(alert)
    return Item("alert", place, offset, timestamp, alert.id, facts, whole, whole, state=state, about=alert.kind)


def _of_story(story: Story) -> Facts:
    texts = [story.title, *(article.title for article in story.articles)]
    return Facts(
        topics=dict.fromkeys(story.topics, 1.0),
        countries=dict.fromkeys(story.countries, ""),
        languages=tuple(language.lower() for language in story.languages),
        sources=frozenset(article.source.lower() for article in story.articles),
        sectors=frozenset(story.sectors),
        at=story.last_seen,
        words=fold("\n".join(texts)),
    )


def _of_alert(alert: SourceSilent | Burst) -> Facts:
    words = fold(alert.title)
    if isinstance(alert, SourceSilent):
        return Facts(sources=frozenset({alert.source.lower()}), at=alert.at, words=words)
    return Facts(
        topics={alert.value: 1.0} if alert.subject == "topic" else None,
        countries={alert.value: ""} if alert.subject == "country" else None,
        at=alert.at,
        words=words,
    )


def _listed(whole: bytes) -> bytes:
    story = orjson.loads(whole)
    story["articles"] = story["articles"][:LISTED_ARTICLES]
    return orjson.dumps(story)


def one_line(value: bytes) -> bytes:
    """The same JSON on one line, which server-sent events and NDJSON need. Raises orjson.JSONDecodeError."""
    return orjson.dumps(orjson.loads(value))


def fold(text: str) -> str:
    """Text as search compares it: without case, and without accents and other marks where Unicode separates them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
