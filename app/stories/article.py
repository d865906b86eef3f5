"""What stories remember of one article."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

import orjson

from app.steps.story_input import Item

HOUR_MS: Final = 3_600_000


class Kind(IntEnum):
    """Kinds of features; articles are compared kind by kind."""

    WORD = 0  # stems, and pairs of characters: within a language, and between close ones
    NAME = 1  # skeletons of names: across scripts
    NUMBER = 2
    PLACE = 3  # countries
    WHO = 4  # people and organisations that are known by their Wikidata ids
    WHAT = 5  # concepts, sectors, facets, stages: the same in every language
    TOPIC = 6


# Of one article, by kind: feature (32 bits of a hash) -> weight, 1 to 255.
Vector = tuple[dict[int, int], ...]


@dataclass(slots=True)
class Article:
    """One article; `seq` numbers articles in the order in which they were taken in, and never repeats.

    `at_ms` is when it was published (or processed, where it claims to come from the future), `arrived_ms` when it was
    processed. `shown` is what a dashboard shows of it, `facts` what its story adds up. `embedding` has 8 bits a
    number; empty where no model runs, and only comparable to another of the same length.
    """

    id: str
    seq: int
    story: str
    at_ms: int
    arrived_ms: int
    language: str | None
    vector: Vector
    embedding: bytes
    shown: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)

    def to_state(self) -> bytes:
        """The value of its record in the state topic."""
        return orjson.dumps(
            [
                self.id, self.seq, self.story, self.at_ms, self.arrived_ms, self.language,
                [[list(kind), list(kind.values())] for kind in self.vector],
                self.embedding.hex(), self.shown, self.facts,
            ]
        )  # fmt: skip

    @classmethod
    def from_state(cls, value: bytes) -> "Article":
        """Inverse of `to_state`. Raises ValueError or TypeError for anything else."""
        one, seq, story, at_ms, arrived_ms, language, vector, embedding, shown, facts = orjson.loads(value)
        kinds = tuple(dict(zip(keys, weights, strict=True)) for keys, weights in vector)
        return cls(one, seq, story, at_ms, arrived_ms, language, kinds, bytes.fromhex(embedding), shown, facts)


def shown(item: Item) -> dict[str, Any]:
    """A `schemas.story.StoryArticle`."""
    source = item["source"]
    return {
        "id": item["id"],
        "url": item["url"],
        "title": item["title"],
        "language": item["language"],
        "source": source["id"],
        "source_name": source["name"],
        "family": source["family"],
        "published_at": item["published_at"],
    }


def facts(item: Item) -> dict[str, Any]:
    """What a story adds up over its articles."""
    return {
        "topics": item["topics"],
        "countries": {country["code"]: country["prominence"] for country in item["countries"]},
        "people": [[entity["name"], entity["wikidata"], entity["mentions"]] for entity in item["people"]],
        "organisations": [[entity["name"], entity["wikidata"], entity["mentions"]] for entity in item["organisations"]],
        "sectors": item["sectors"],
        "importance": item["importance"],
        "stage": item.get("deal_stage"),
    }


def times(item: Item) -> tuple[int, int]:
    """(at_ms, arrived_ms): what an article says of its own future counts from when it was processed."""
    arrived = epoch_ms(item["processed_at"])
    return min(epoch_ms(item["published_at"]), arrived), arrived


def epoch_ms(moment: str) -> int:
    """RFC 3339 in ms since the epoch."""
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
