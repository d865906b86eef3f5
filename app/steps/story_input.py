"""story input: what stories and alerts are made from, in the one order that Kafka keeps for both.

An item is a JSON object: an article (what of an event counts here), or a withdrawal, told by its `withdraws`. Many
items share one record. Whoever publishes an event or withdraws one adds its item in the same transaction.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from app.steps.outgoing import Outgoing
from app.steps.packing import arrays
from schemas.channels import Channels

# Some two hundred articles: with a model that takes its time for each, a transaction still takes seconds.
_MOST_BYTES: Final = 200_000
_KEPT: Final = (
    "id", "supersedes", "url", "title", "summary", "language", "published_at", "processed_at", "countries", "people",
    "organisations", "sectors", "importance", "deal_stage", "war_facets",
)  # fmt: skip

Item = dict[str, Any]


def article_item(event: dict[str, Any]) -> Item:
    """What stories and alerts need of an EnrichedEvent."""
    source = event["source"]
    item: Item = {name: event[name] for name in _KEPT if name in event}
    item["source"] = {"id": source["id"], "name": source["name"], "family": source["family"]}
    item["topics"] = [topic["topic"] for topic in event["topics"]]
    return item


def withdrawal_item(event_id: str, at: str) -> Item:
    """The event with that id no longer stands, since `at` (RFC 3339)."""
    return {"withdraws": event_id, "at": at}


def story_input(items: Iterable[Item], channels: Channels) -> list[Outgoing]:
    """The records to write for these items, in their order."""
    return [
        Outgoing(channels.story_input, None, value, [], 0) for value in arrays(map(orjson.dumps, items), _MOST_BYTES)
    ]


def unpack(value: bytes) -> list[Item]:
    """The items of one record, in order. Raises ValueError for a value that `story_input` did not make."""
    items = orjson.loads(value)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("a list of JSON objects is wanted")
    return items
