"""What a reader may ask for, as models of the query string; `GET /v1/openapi.json` describes them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from multidict import MultiMapping
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.json_schema import WithJsonSchema

from app.gateway import cursor, position
from app.gateway.index.asking import Asked
from app.gateway.item import Item, fold
from app.gateway.matching import matcher
from app.gateway.position import STREAMED
from schemas.source_health import Status

MAX_LIMIT = 500
_MANY = Field(max_length=50)
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _split(value: Any) -> Any:
    """`a,b` and repeated parameters mean the same: any of them."""
    return [part.strip() for text in value for part in text.split(",")] if isinstance(value, list) else value


def _one(value: Any) -> Any:
    if isinstance(value, list):
        if len(value) > 1:
            raise ValueError("may stand only once")
        return value[0]
    return value


def _repair_offset(value: Any) -> Any:
    """A plus sign in a query string reads as a space: `…T00:00:00 01:00` was meant as `+01:00`."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("is no time: write it as 2026-01-20T10:00:00Z")  # pydantic would take `0.5` for one
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


_SPLIT = BeforeValidator(_split)
_Lower = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9._:-]{1,200}$")]
_Country = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]
_Language = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
# Bounds stand before the validators: what comes after them is not in the JSON Schema.
Slugs = Annotated[list[_Lower], _MANY, _SPLIT]
Countries = Annotated[list[_Country], _MANY, _SPLIT]
Languages = Annotated[list[_Language], _MANY, _SPLIT]
Types = Annotated[list[Literal["events", "stories", "alerts"]], Field(min_length=1, max_length=3), _SPLIT]
Kinds = Annotated[list[Literal["burst", "source-silent"]], _MANY, _SPLIT]
States = Annotated[list[Literal["open", "closed"]], _MANY, _SPLIT]
Statuses = Annotated[list[Status], _MANY, _SPLIT]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_repair_offset),
    BeforeValidator(_one),
    AfterValidator(lambda value: value and _in_utc(value)),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_one)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), BeforeValidator(_one)]
SourceCursor = Annotated[str | None, BeforeValidator(_one), WithJsonSchema({"type": "string"})]
Flag = Annotated[bool, BeforeValidator(_one)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_one)]
Minutes = Annotated[int, Field(ge=1, le=1440), BeforeValidator(_one)]
Cursor = Annotated[
    str | None, BeforeValidator(_one), WithJsonSchema({"type": "string", "pattern": cursor.PATTERN, "maxLength": 60})
]
After = Annotated[str | None, BeforeValidator(_one), WithJsonSchema({"type": "string", "pattern": position.PATTERN})]
Format = Annotated[
    Literal["json", "csv", "ndjson"] | None,
    BeforeValidator(_one),
    WithJsonSchema({"type": "string", "enum": ["json", "csv", "ndjson"]}),
]


class BadQuery(Exception):
    """The query string cannot be answered; `problems` maps each parameter to what is wrong with it."""

    status = 400

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))


class Query(BaseModel):
    """A query string: every parameter is known, or named in the problem."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def parse(cls, query: MultiMapping[str], topics: Iterable[str]) -> Self:
        """The query string as a model. Raises BadQuery with every problem in it."""
        problems: dict[str, str] = {}
        given = {name: query.getall(name) for name in query}
        try:
            filters = cls.model_validate(given)
        except ValidationError as error:
            known = ", ".join(cls.model_fields)
            for problem in error.errors():
                unknown = problem["type"] == "extra_forbidden"
                message = f"no such parameter, there are: {known}" if unknown else problem["msg"]
                problems.setdefault(str(problem["loc"][0]), message.removeprefix("Value error, "))
            raise BadQuery(problems) from None
        choices = set(topics)
        strange = [topic for topic in getattr(filters, "topic", ()) if topic not in choices]
        if strange:
            raise BadQuery({"topic": f"no topic is called {strange[0]!r}, there are: {', '.join(sorted(choices))}"})
        return filters


class _Listed(Query):
    limit: Limit = Field(50, description="most items in a page")
    cursor: Cursor = Field(None, description="`next_cursor` of the page before")
    format: Format = Field(None, description="wins over `Accept`")


class _Filters(Query):
    """Every filter of events but their topic."""

    country: Countries = Field([], description="countries spoken of, ISO 3166-1 alpha-2")
    language: Languages = Field([], description="BCP 47; `en` also means `en-GB`")
    source: Slugs = Field([], description="publishers, by id or domain")
    sector: Slugs = Field([], description="sectors of the economy")
    min_score: Score = Field(0.0, description="least score, of the topics asked for or else of any")
    since: Moment = Field(None, description="published at or after, RFC 3339; without an offset: UTC")
    until: Moment = Field(None, description="published before, RFC 3339; without an offset: UTC")
    q: Text = Field("", description="words that all stand in the title or summary, case and accents aside")

    def matcher(self) -> Callable[[Item], bool]:
        """A function that says whether an item answers these filters."""
        return matcher(self.asked("event"))

    def asked(self, kind: str = "event") -> Asked:
        """The same for the index."""
        return Asked(
            kind,
            {name: getattr(self, name, []) for name in ("topic", "country", "source", "sector")},
            self.language,
            self.min_score,
            self.since,
            self.until,
            fold(self.q).split(),
        )


class Filters(_Filters):
    """Which events a reader wants: each filter that is given must hold, any value of one filter will do."""

    topic: Slugs = Field([], description="topics of the taxonomy")


class EventsQuery(_Listed, Filters):
    """Parameters of `GET /v1/events`."""


class FeedQuery(_Filters):
    """Parameters of `GET /v1/topics/{topic}/feed.atom`."""

    limit: Limit = Field(50, description="most entries")

    def asked_of(self, topics: Sequence[str]) -> Asked:
        """The same of these topics, for the index."""
        asked = self.asked()
        return replace(asked, tags=asked.tags | {"topic": topics})


class StatsQuery(Filters):
    """Parameters of `GET /v1/stats`."""

    minutes: Minutes = Field(60, description="how far `minutes` reaches back")


class StreamQuery(Filters):
    """Parameters of `GET /v1/stream`."""

    types: Types = Field(["events"], description="what is sent")
    after: After = Field(None, description="a position: what came after it is sent first; `Last-Event-ID` wins over it")

    @property
    def channels(self) -> frozenset[int]:
        """The types as indices in `STREAMED`."""
        return frozenset(STREAMED.index(name) for name in self.types)

    def matcher(self) -> Callable[[Item], bool]:
        """A function that says whether an item is of these types and answers these filters."""
        channels, answers = self.channels, super().matcher()
        return lambda item: item.place[0] in channels and answers(item)

    def key(self) -> str:
        """The same text for the same question."""
        return self.model_dump_json(exclude={"after"})


class StoriesQuery(_Listed):
    """Parameters of `GET /v1/stories`."""

    topic: Slugs = Field([], description="topics of the taxonomy")
    country: Countries = Field([], description="countries spoken of, ISO 3166-1 alpha-2")
    language: Languages = Field([], description="languages of any article")
    source: Slugs = Field([], description="publishers of any article, by id")
    sector: Slugs = Field([], description="sectors of the economy")
    since: Moment = Field(None, description="last seen at or after")
    until: Moment = Field(None, description="last seen before")
    q: Text = Field("", description="words that all stand in the titles of the story and its articles")
    active: Flag = Field(True, description="false: those that were merged into others too")

    def asked(self) -> Asked:
        """The same for the index."""
        return Asked(
            "story",
            {name: getattr(self, name) for name in ("topic", "country", "source", "sector")},
            self.language,
            since=self.since,
            until=self.until,
            words=fold(self.q).split(),
            state=("active",) if self.active else (),
        )


class AlertsQuery(_Listed):
    """Parameters of `GET /v1/alerts`."""

    topic: Slugs = Field([], description="bursts of these topics")
    country: Countries = Field([], description="bursts of these countries")
    source: Slugs = Field([], description="silence of these sources, by id")
    kind: Kinds = Field([], description="kinds of alert")
    state: States = Field([], description="of bursts")
    since: Moment = Field(None, description="raised or changed at or after")
    until: Moment = Field(None, description="raised or changed before")
    q: Text = Field("", description="words that all stand in the title")

    def asked(self) -> Asked:
        """The same for the index."""
        return Asked(
            "alert",
            {name: getattr(self, name) for name in ("topic", "country", "source")},
            since=self.since,
            until=self.until,
            words=fold(self.q).split(),
            state=self.state,
            about=self.kind,
        )


class SourcesQuery(_Listed):
    """Parameters of `GET /v1/sources`."""

    cursor: SourceCursor = Field(None, description="`next_cursor` of the page before")

    country: Countries = Field([], description="of the newsroom, ISO 3166-1 alpha-2")
    language: Languages = Field([], description="of the feed")
    source: Slugs = Field([], description="by id or domain")
    status: Statuses = Field([], description="how it is doing")
    q: Text = Field("", description="words that all stand in the name")
