"""Alert, the value of `geonews.alerts.v1`: something that somebody should look at, said once."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Alert(BaseModel):
    """One alert; the same cause always gives the same `id`."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(pattern=r"^[0-9a-f]{32}$", description="the record's key")
    kind: Literal["source-silent"] = Field(
        description="source-silent: a source that used to publish has published nothing for far longer than is usual"
    )
    title: str
    source: str = Field(description="id in the catalogue of sources")
    since: AwareDatetime = Field(description="when its last new article was found")
    baseline_per_day: float = Field(ge=0, description="articles that it published on a usual day")
    at: AwareDatetime
