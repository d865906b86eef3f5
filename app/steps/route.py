"""route: an event goes once to the channel of all events and once to each topic that it belongs to."""

from typing import Any

import orjson

from app.steps.outgoing import Headers, Outgoing
from app.steps.trace import next_hop
from schemas.channels import Channels
from schemas.event import EVENT_TYPE


def route(event: dict[str, Any], origin: str, channels: Channels) -> list[Outgoing]:
    """The records to publish for one event, in CloudEvents binary mode; `origin` is the article's traceparent."""
    key = event["id"].encode()
    value = orjson.dumps(event)
    headers = _headers(event, origin, channels)
    topics = [channels.events, *(channels.events_of(topic["topic"]) for topic in event["topics"])]
    return [Outgoing(topic, key, value, headers) for topic in topics]


def _headers(event: dict[str, Any], origin: str, channels: Channels) -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event["id"].encode()),
        ("ce_source", f"/{channels.namespace}/classify".encode()),
        ("ce_type", EVENT_TYPE.encode()),
        ("ce_time", event["published_at"].encode()),
        ("ce_subject", event["canonical_url"].encode()),
        ("content-type", b"application/json"),
        ("traceparent", next_hop(origin).encode()),
        ("ce_traceparent", origin.encode()),
    ]
