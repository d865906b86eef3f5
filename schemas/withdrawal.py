"""Withdrawal: says on the event channels that an event no longer stands."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.event import Classification, EventId

WITHDRAWAL_TYPE = "news.geonews.article.withdrawn.v1"


class Withdrawal(BaseModel):
    """Told apart from an EnrichedEvent by its header `ce_type`, and by `withdraws`; its key is that event's id."""

    model_config = ConfigDict(extra="forbid")

    withdraws: EventId = Field(description="id of the event that no longer stands")
    url: str
    canonical_url: str
    title: str
    topics: list[str] = Field(min_length=1, description="topics that it no longer belongs to: all that it had")
    reason: Literal["reclassified", "retracted"]
    classification: Classification = Field(description="who decided that it belongs to no topic")
    at: AwareDatetime
