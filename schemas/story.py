"""Story, the value of `geonews.stories.v1`: the articles about one happening, in any language."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.event import CountryCode, Entity, EventId, Probability

MAX_STORY_ARTICLES = 200


class StoryArticle(BaseModel):
    """One article of a story, as much of it as a dashboard shows."""

    model_config = ConfigDict(extra="forbid")

    id: EventId
    url: str
    title: str
    language: str | None
    source: str = Field(description="the publisher's id")
    source_name: str
    family: str = Field(description="publishers with one owner or one wire share a family")
    published_at: AwareDatetime


class Story(BaseModel):
    """One version of a story. Records are keyed by `id`; the newest version stands for the story."""

    model_config = ConfigDict(extra="forbid")

    id: EventId = Field(description="the id of the article that the story began with")
    version: int = Field(ge=1, description="one more for each change")
    status: Literal["active", "merged"] = Field(description="merged: its articles are in `merged_into` now")
    merged_into: EventId | None = None
    split_from: EventId | None = Field(None, description="the story whose articles these were before")
    title: str = Field(description="of the article nearest to the story's centre")
    language: str | None = Field(description="of that title")
    topics: list[str] = Field(description="topics of the taxonomy, the most frequent first")
    countries: list[CountryCode] = Field(description="by how much of the story speaks of them")
    people: list[Entity]
    organisations: list[Entity]
    sectors: list[str]
    importance: Probability = Field(description="the greatest of its articles'")
    article_count: int = Field(ge=0)
    articles: list[StoryArticle] = Field(max_length=MAX_STORY_ARTICLES, description="the newest, newest first")
    corroboration: int = Field(ge=0, description="independent families of publishers, not articles")
    languages: list[str] = Field(description="languages of its articles, the most frequent first")
    first_seen: AwareDatetime = Field(description="the earliest published_at")
    last_seen: AwareDatetime = Field(description="the latest published_at")
    at: AwareDatetime = Field(description="when this version was made")
