"""Items of the story input, and the stories that Kafka holds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from app.settings import Settings
from app.steps.story_input import Item
from app.stories.evaluation import Labelled, load
from tests.kafka_tools import read_all
from tests.lane_tools import lexicon

LABELLED = Path(__file__).parents[1] / "data" / "stories" / "labelled.jsonl"


@cache
def labelled() -> tuple[Labelled, ...]:
    """The labelled articles, enriched as live ones are, in the order of their publication."""
    return tuple(sorted(load(LABELLED, lexicon()), key=lambda one: (one.item["published_at"], one.item["id"])))


def rows(happening: str) -> list[dict[str, Any]]:
    """The labelled articles about one happening, as they were written."""
    every = map(orjson.loads, LABELLED.read_bytes().splitlines())
    return [row for row in every if row["story"] == happening]


def item(number: int, **fields: Any) -> Item:
    """An article about a trade agreement, unlike every other number's."""
    return {
        "id": f"{number:032x}",
        "supersedes": None,
        "url": f"https://news.example/{number}",
        "title": f"Norland and Sudland sign agreement {number} on timber",
        "summary": f"Ministers met in town {number}.",
        "language": "en",
        "published_at": "2026-01-20T10:00:00.000Z",
        "processed_at": "2026-01-20T10:05:00.000Z",
        "countries": [],
        "people": [],
        "organisations": [],
        "sectors": [],
        "importance": 0.5,
        "source": {"id": "news.example", "name": "News", "family": f"family {number % 3}"},
        "topics": ["trade-deals"],
    } | fields


def varied(count: int, seed: int = 0) -> Iterator[Item]:
    """`count` items: labelled articles over and over, each round days later and somewhat changed."""
    articles = [one.item for one in labelled()]
    for number in range(count):
        turn, at = divmod(number, len(articles))
        one = articles[at]
        changed = {"id": f"{seed + turn:08x}{one['id'][8:]}", "title": f"{one['title']} ({turn * 7919 + 1000})"}
        later = {name: _days_after(one[name], 2 * turn) for name in ("published_at", "processed_at")}
        yield one | changed | later


def _days_after(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()


async def stories(settings: Settings) -> dict[str, dict[str, Any]]:
    """The newest committed version of each story, by id."""
    newest = {}
    for record in await read_all(settings, settings.channels.stories, timeout=60):
        newest[record.key.decode()] = orjson.loads(record.value)
    return newest


def members(found: dict[str, dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Which articles each story holds, of those that hold any."""
    return {
        name: frozenset(article["id"] for article in story["articles"])
        for name, story in found.items()
        if story["article_count"]
    }
