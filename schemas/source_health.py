"""SourceHealth, the value of `geonews.sources.v1`: how each source of the catalogue is doing."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Status = Literal["new", "ok", "failing", "silent", "gone"]


class SourceHealth(BaseModel):
    """The latest word on one source; a later record under the same key replaces it."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(description="as in the catalogue; the record's key")
    name: str
    url: str
    domain: str
    country: str = Field(description="ISO 3166-1 alpha-2")
    language: str
    tier: int
    status: Status = Field(
        description="new: never fetched; ok; failing: the last poll failed; silent: used to publish, and has not for "
        "far longer than is usual for it; gone: the server said 410"
    )
    failures: int = Field(ge=0, description="polls in a row that failed")
    problem: str | None = Field(description="why the last poll failed: a slug")
    detail: str | None = Field(description="the same, for people")
    last_attempt: AwareDatetime | None
    last_success: AwareDatetime | None
    last_article: AwareDatetime | None = Field(description="when its last new article was found")
    staleness_seconds: float | None = Field(description="since then")
    articles_last_day: int = Field(ge=0)
    usual_per_day: float | None = Field(description="of the last two weeks; null before three days were observed")
    entries: int = Field(ge=0, description="in the feed when it was read last")
    without_address: int = Field(ge=0, description="entries that cannot be used because they have no address")
    future_dates: int = Field(ge=0, description="new entries of the last reading that were dated in the future")
    old_dates: int = Field(ge=0, description="new entries of the last reading that were dated over a year ago")
    interval_seconds: float = Field(ge=0, description="between polls, as its rhythm asks for")
    next_poll: AwareDatetime | None
    worker: str
    at: AwareDatetime
