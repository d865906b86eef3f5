"""What a new verdict changes about an article, and the records that say so."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from app.classification.base import ModelInfo, Verdict
from app.reclassify.published import Standing
from app.steps.dedupe import Version
from app.steps.enrich import enrich, rfc3339
from app.steps.outgoing import Headers, Outgoing
from app.steps.records import Article, Inbound
from app.steps.resubmit import CORRECTED
from app.steps.route import route
from app.steps.story_input import article_item, story_input, withdrawal_item
from app.steps.trace import next_hop, origin_of
from schemas.channels import Channels
from schemas.withdrawal import WITHDRAWAL_TYPE


class Kind(StrEnum):
    """What becomes of an article."""

    ADDED = "added"
    WITHDRAWN = "withdrawn"
    CHANGED = "topics changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """One article, with the topics that it had and those that it has now (sorted)."""

    kind: Kind
    article: Article
    record: Inbound
    verdict: Verdict
    before: tuple[str, ...]
    after: tuple[str, ...]
    version: int  # of the event before; 0: there was none


def compare(article: Article, record: Inbound, verdict: Verdict, standing: Standing | None) -> Change:
    """What `verdict` changes about an article whose event stands so, or was never published (None)."""
    before = standing.topics if standing else ()
    after = tuple(sorted(topic.topic for topic in verdict.topics))
    if before == after:
        kind = Kind.UNCHANGED
    elif not before:
        kind = Kind.ADDED
    else:
        kind = Kind.CHANGED if after else Kind.WITHDRAWN
    return Change(kind, article, record, verdict, before, after, standing.version if standing else 0)


def records(
    change: Change, info: ModelInfo, now: datetime, channels: Channels, exists: Callable[[str], bool]
) -> list[Outgoing]:
    """What to publish for an event that changes; `exists` tells of a channel whether Kafka has it.

    The new version goes to all events and to its topics; topics that it no longer belongs to get a withdrawal.
    """
    origin = origin_of(change.record.headers)
    lost = [topic for topic in change.before if topic not in change.after and exists(channels.events_of(topic))]
    written: list[Outgoing] = []
    if change.kind is Kind.WITHDRAWN:
        value = _withdrawal(change, change.before, info, now)
        places = [channels.events, *map(channels.events_of, lost)]
        written += [_withdrawn(place, change, value, origin, channels, now) for place in places]
        written += story_input([withdrawal_item(change.article.id, rfc3339(now))], channels)
    else:
        version = Version(change.version + 1, change.article.id)
        event = enrich(change.article, change.verdict, version, change.record, info, now)
        written += route(event, origin, channels)
        value = _withdrawal(change, [t for t in change.before if t not in change.after], info, now)
        written += [_withdrawn(channels.events_of(topic), change, value, origin, channels, now) for topic in lost]
        written += story_input([article_item(event)], channels)
    mark = (CORRECTED, model_name(info).encode())
    for record in written:
        record.headers = [*record.headers, mark]
    return written


def model_name(info: ModelInfo) -> str:
    """Model, its version and its taxonomy's, as one word."""
    return f"{info.model}/{info.model_version}/{info.taxonomy_version}"


def _withdrawal(change: Change, topics: Collection[str], info: ModelInfo, now: datetime) -> dict[str, Any]:
    article = change.article
    return {
        "withdraws": article.id,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.document.title or article.canonical_url,
        "topics": list(topics),
        "reason": "reclassified",
        "classification": {
            "model": info.model,
            "model_version": info.model_version,
            "taxonomy_version": info.taxonomy_version,
            "stage": change.verdict.stage,
        },
        "at": rfc3339(now),
    }


def _withdrawn(
    topic: str, change: Change, value: dict[str, Any], origin: str, channels: Channels, now: datetime
) -> Outgoing:
    name = f"{change.article.id}.{change.version + 1}"  # the event's own id says what was published; this is another
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", name.encode()),
        ("ce_source", f"/{channels.namespace}/reclassify".encode()),
        ("ce_type", WITHDRAWAL_TYPE.encode()),
        ("ce_time", rfc3339(now).encode()),
        ("ce_subject", change.article.canonical_url.encode()),
        ("content-type", b"application/json"),
        ("traceparent", next_hop(origin).encode()),
        ("ce_traceparent", origin.encode()),
    ]
    return Outgoing(topic, change.article.id.encode(), orjson.dumps(value), headers)
