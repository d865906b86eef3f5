"""What the HTTP API answers with, as models; records themselves are those of `schemas`."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.alert import Alert
from schemas.event import EnrichedEvent, EventId
from schemas.source_health import SourceHealth
from schemas.story import Story

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Page(_Answer):
    next_cursor: str | None = Field(description="`cursor` of the next page; null: this is the last")


class EventsPage(_Page):
    """Events, newest first."""

    items: list[EnrichedEvent]
    position: str = Field(description="`/v1/stream?after=` goes on from here without a gap")


class StoriesPage(_Page):
    """Stories, the latest news first; each with its newest articles only."""

    items: list[Story]


class AlertsPage(_Page):
    """Alerts, newest first."""

    items: list[Alert]


class StoryDetail(Story):
    """A story with all its articles, and the events of those that the window holds."""

    events: list[EnrichedEvent]


class Tally(_Answer):
    """How many events say this."""

    value: str
    events: Count


class NamedTally(Tally):
    """The same, with a name for people."""

    name: str


class Minute(_Answer):
    """One minute, by when Kafka got the events."""

    minute: AwareDatetime
    events: Count
    topics: dict[str, Count]


class Stats(_Answer):
    """Counts over the events of the window that answer the filters; stories and alerts of the whole window."""

    events: Count
    stories: Count
    alerts: Count
    oldest: AwareDatetime | None
    newest: AwareDatetime | None
    topics: list[Tally]
    countries: list[NamedTally]
    languages: list[Tally]
    sources: list[NamedTally]
    minutes: list[Minute]


class Weight(_Answer):
    """A part of the catalogue: its sources, and the window's events from them."""

    value: str
    sources: Count
    events: Count


class StateAffiliated(_Answer):
    """The part of the catalogue that governments own or steer."""

    sources: Count
    share: Share
    events: Count
    event_share: Share


class Balance(_Answer):
    """Who speaks: the catalogue by country, language and so on, each the greatest part first."""

    sources: Count
    countries: list[Weight]
    languages: list[Weight]
    families: list[Weight]
    tiers: list[Weight]
    kinds: list[Weight]
    state_affiliated: StateAffiliated


class SourcesPage(_Page):
    """Sources by id, and the balance of all of them."""

    items: list[SourceHealth]
    balance: Balance


class TopicAnswer(_Answer):
    """One topic that articles are classified by."""

    id: str
    name: str
    description: str
    channel: str = Field(description="its Kafka topic")
    feed: str = Field(description="path of its Atom feed")


class TopicsAnswer(_Answer):
    """The taxonomy's topics."""

    items: list[TopicAnswer]


class Accepted(_Answer):
    """Articles that Kafka has for certain."""

    accepted: Annotated[int, Field(ge=1)]
    ids: list[EventId] = Field(description="ids that their events will have")


class ClientAnswer(_Answer):
    """One client of the stream."""

    address: str
    seconds: Annotated[float, Field(ge=0)] = Field(description="since it came")
    behind: Count = Field(description="records that it has not been sent yet")
    waiting_bytes: Count = Field(description="bytes that its connection has not taken yet")


class ClientsAnswer(_Answer):
    """Everybody who is connected to the stream of this gateway."""

    items: list[ClientAnswer]


class Fault(BaseModel):
    """What is wrong with one parameter or one article."""

    model_config = ConfigDict(extra="allow")

    detail: str
    parameter: str | None = None
    article: int | None = None
    reason: str | None = None


class Problem(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: list[Fault] = []
