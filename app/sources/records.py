"""What polls lead to, as Kafka records: articles, and the memory and health of their sources."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import TopicPartition

from app.settings import Settings
from app.sources.catalogue import CatalogueSource
from app.sources.health import health_of
from app.sources.publish import new_traceparent
from app.sources.silence import alert_of
from app.sources.state import SourceState
from app.steps.identity import canonical_url, url_key
from app.steps.outgoing import Outgoing

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Change:
    """What one poll changed; `committed` is set once Kafka has it."""

    source: CatalogueSource
    state: SourceState
    articles: list[tuple[str, bytes]]
    committed: asyncio.Event = field(default_factory=asyncio.Event)


def written(settings: Settings, place: TopicPartition, changes: Sequence[Change], now: float) -> list[Outgoing]:
    """The records of one transaction: every article, each source's latest state and health, and alerts that are due."""
    channels = settings.channels
    records = []
    latest: dict[str, Change] = {}
    for change in changes:
        records += [article_record(channels.raw, url, value) for url, value in change.articles]
        latest[change.source.id] = change
    for source_id, change in latest.items():
        key = source_id.encode()
        if alert := alert_of(change.source, change.state, now):
            _log.warning("source is silent", source=source_id, why=alert.title, usual_per_day=alert.baseline_per_day)
            records.append(Outgoing(channels.alerts, alert.id.encode(), alert.model_dump_json().encode(), []))
        records.append(Outgoing(place.topic, key, change.state.to_json(), [], place.partition))
        health = health_of(change.source, change.state, settings.worker_id, now)
        records.append(Outgoing(channels.sources, key, health.model_dump_json().encode(), []))
    return records


def article_record(topic: str, url: str | None, value: bytes) -> Outgoing:
    """An article under its key; one without a usable address has none, and lands anywhere."""
    try:
        identity = url_key(canonical_url(url)) if url else None
    except ValueError:
        identity = None
    key = identity.hex().encode() if identity else None
    # Outbox takes this number modulo the topic's partitions: `home_partition` is the same remainder
    home = int.from_bytes(identity[:4], "big") if identity else None
    return Outgoing(topic, key, value, [("traceparent", new_traceparent())], home)
