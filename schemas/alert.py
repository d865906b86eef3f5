"""Alert, the value of `geonews.alerts.v1`: something that somebody should look at, said once."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel

from schemas.event import EventId, Probability


class _Alert(BaseModel):
    """What every alert has; the same cause always gives the same `id`."""

    model_config = ConfigDict(extra="ignore")

    id: EventId = Field(description="the record's key")
    title: str
    at: AwareDatetime


class SourceSilent(_Alert):
    """A source that used to publish has published nothing for far longer than is usual."""

    kind: Literal["source-silent"] = "source-silent"
    source: str = Field(description="id in the catalogue of sources")
    since: AwareDatetime = Field(description="when its last new article was found")
    baseline_per_day: float = Field(ge=0, description="articles that it published on a usual day")


class Burst(_Alert):
    """More articles about a topic, a country or a story than chance explains. Updates of one burst share its `id`."""

    kind: Literal["burst"] = "burst"
    subject: Literal["topic", "country", "story"]
    value: str = Field(description="the topic's id, the country's code or the story's id")
    state: Literal["open", "closed"] = Field(description="closed: the rate is back near its baseline")
    since: AwareDatetime = Field(description="start of the window in which it began")
    until: AwareDatetime = Field(description="end of the window that this record speaks of")
    observed: int = Field(
        ge=0, description="articles in the window; one publisher's count twice in a quarter of an hour at most"
    )
    expected: float = Field(ge=0, description="articles that the time of week lets expect in it")
    probability: Probability = Field(description="of at least as many by chance, over-dispersion counted in")
    stories: list[EventId] = Field(description="the stories that make it up, greatest first")
    events: list[EventId] = Field(description="some of its articles, newest first")


class Alert(RootModel[Annotated[SourceSilent | Burst, Field(discriminator="kind")]]):
    """Any alert; `kind` tells which."""
