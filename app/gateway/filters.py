"""What a reader may ask for, as models of the query string, and whether an event answers it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from multidict import MultiMapping
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from app.gateway.item import Item, fold

MAX_LIMIT = 500
_MANY = Field(max_length=50)


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
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


_Lower = StringConstraints(to_lower=True, min_length=1, max_length=200)
Topics = Annotated[list[Annotated[str, _Lower]], BeforeValidator(_split), _MANY]
Countries = Annotated[
    list[Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]], BeforeValidator(_split), _MANY
]
Languages = Annotated[
    list[Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]],
    BeforeValidator(_split),
    _MANY,
]
Sources = Annotated[list[Annotated[str, _Lower]], BeforeValidator(_split), _MANY]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_repair_offset),
    BeforeValidator(_one),
    AfterValidator(lambda value: value and _in_utc(value)),
]
Score = Annotated[float, BeforeValidator(_one), Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, BeforeValidator(_one), StringConstraints(strip_whitespace=True, max_length=200)]
OneText = Annotated[str | None, BeforeValidator(_one)]


class BadQuery(Exception):
    """The query string cannot be answered; `problems` maps each parameter to what is wrong with it."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))


class Filters(BaseModel):
    """Which events a reader wants: each filter that is given must hold, any value of one filter will do."""

    model_config = ConfigDict(extra="forbid")

    topic: Topics = Field(default_factory=list, description="topics of the taxonomy")
    country: Countries = Field(default_factory=list, description="countries spoken of, ISO 3166-1 alpha-2")
    language: Languages = Field(default_factory=list, description="BCP 47; `en` also means `en-GB`")
    source: Sources = Field(default_factory=list, description="publishers, by id or domain")
    min_score: Score = Field(0.0, description="least score, of the topics asked for or else of any")
    since: Moment = Field(None, description="published at or after, RFC 3339; without an offset: UTC")
    until: Moment = Field(None, description="published before, RFC 3339; without an offset: UTC")
    q: Text = Field("", description="words that all stand in the title or summary, case and accents aside")

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
        strange = [topic for topic in filters.topic if topic not in choices]
        if strange:
            raise BadQuery({"topic": f"no topic is called {strange[0]!r}, there are: {', '.join(sorted(choices))}"})
        return filters

    def matcher(self) -> Callable[[Item], bool]:
        """A function that says whether an item answers these filters."""
        topics, countries, sources = frozenset(self.topic), frozenset(self.country), frozenset(self.source)
        languages = frozenset(self.language)
        prefixes = tuple(f"{language}-" for language in languages)
        words = fold(self.q).split()

        def matches(item: Item) -> bool:
            scores = [score for topic, score in item.topics.items() if not topics or topic in topics]
            return (
                bool(scores)
                and max(scores) >= self.min_score
                and (not countries or not countries.isdisjoint(item.countries))
                and (not sources or not sources.isdisjoint(item.source))
                and (not languages or item.language in languages or item.language.startswith(prefixes))
                and (self.since is None or item.published_at >= self.since)
                and (self.until is None or item.published_at < self.until)
                and all(word in item.words for word in words)
            )

        return matches


class EventsQuery(Filters):
    """Parameters of `GET /v1/events`."""

    limit: Annotated[int, BeforeValidator(_one)] = Field(50, ge=1, le=MAX_LIMIT, description="most events in a page")
    cursor: OneText = Field(None, description="`next` of the page before")


class StreamQuery(Filters):
    """Parameters of `GET /v1/stream`."""

    after: OneText = Field(
        None, description="a position: what came after it is sent first; `Last-Event-ID` wins over it"
    )
