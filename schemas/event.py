"""EnrichedEvent, the value of `geonews.events.v1` and of every `geonews.events.<topic>.v1`."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

EVENT_TYPE = "news.geonews.article.classified.v1"
MAX_SUMMARY_CHARS = 500
# Not a closed list: a later version may add to it, and readers of this one must not refuse its events.
SECTORS: Final = (
    "autos",
    "batteries",
    "critical-minerals",
    "semiconductors",
    "ai",
    "energy",
    "agriculture",
    "steel",
    "pharma",
    "shipping",
    "defence",
    "finance",
)

EventId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
DealStage = Literal["proposed", "talks", "signed", "ratified", "in-force", "suspended", "ended"]
WarFacet = Literal["strike", "front", "diplomacy", "aid", "sanctions", "humanitarian", "energy"]
Sector = Annotated[str, Field(examples=list(SECTORS))]
WikidataId = Annotated[str, Field(pattern=r"^Q[1-9][0-9]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Evidence(_Part):
    """A span that speaks for a topic: `text == field[start:end]`, offsets in Unicode code points."""

    field: Literal["title", "summary", "text"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class Topic(_Part):
    """One topic that the article belongs to: its calibrated score reached the topic's threshold."""

    topic: str
    score: Probability
    threshold: Probability
    evidence: list[Evidence]


class Source(_Part):
    """The publisher; `id` is the catalogue's, or the domain for one that the catalogue does not know."""

    id: str
    name: str
    domain: str
    country: CountryCode | None
    family: str = Field(description="publishers with one owner or one wire share a family")
    tier: int | None = Field(
        description="1 agencies, papers of record, institutions; 2 others of standing; 3 the rest; null unknown"
    )


class Country(_Part):
    """A country that the article speaks of; `prominence` weighs where and how often."""

    code: CountryCode = Field(description="ISO 3166-1 alpha-2")
    name: str = Field(description="English short name")
    mentions: int = Field(ge=1)
    prominence: Probability


class Entity(_Part):
    """A person or an organisation."""

    name: str
    wikidata: WikidataId | None
    mentions: int = Field(ge=1)


class Importance(_Part):
    """The parts that add up to an event's importance, each already weighted."""

    certainty: Probability = Field(description="the best topic's score")
    breadth: Probability = Field(description="a second topic, a third")
    focus: Probability = Field(description="how prominent the leading countries are")
    reach: Probability = Field(description="how many countries, weighty ones counting double")
    source: Probability = Field(description="the publisher's tier")


class Classification(_Part):
    """Who decided: model, version and taxonomy, so that a later one can be compared."""

    model: str
    model_version: str
    taxonomy_version: str
    stage: str = Field(description="which stage of the cascade decided")


class RawPosition(_Part):
    """Where the raw article lies in Kafka."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class EnrichedEvent(_Part):
    """One relevant article, classified and enriched. The same article always gives the same `id`."""

    id: EventId = Field(description="BLAKE2b-128 of canonical URL, normalised title and text")
    version: int = Field(ge=1, description="1 for the first text seen at this URL, one more for each changed text")
    supersedes: EventId | None = Field(description="id of the version before this one")
    url: str
    canonical_url: str
    title: str
    summary: str = Field(max_length=MAX_SUMMARY_CHARS, description="plain text, never markup")
    language: str | None = Field(description="BCP 47: what the article says, else what it was identified as")
    language_score: Probability | None = Field(
        None, description="how sure identification is; null where the article says its language"
    )
    published_at: AwareDatetime
    published_at_source: Literal["article", "fetched", "received"] = Field(
        description="where published_at comes from: the article, when it was fetched, or when Kafka received it"
    )
    source: Source
    topics: list[Topic] = Field(min_length=1)
    countries: list[Country]
    people: list[Entity]
    organisations: list[Entity]
    sectors: list[Sector] = Field(description="the most mentioned first; the examples are all that there are so far")
    importance: Probability = Field(description="the sum of its parts")
    importance_parts: Importance | None = None
    deal_stage: DealStage | None = Field(None, description="how far the trade deal is that the article speaks of")
    war_facets: list[WarFacet] = Field([], description="sides of a war that the article speaks of")
    date_problem: Literal["future", "old"] | None = Field(
        None, description="published_at lies in the future, or far before the article was received"
    )
    classification: Classification
    raw: RawPosition
    processed_at: AwareDatetime
