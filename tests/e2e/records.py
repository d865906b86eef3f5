"""What the browser's tests put into Kafka: events as of now, a story, alerts, health of sources."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.settings import Settings
from schemas.alert import Burst, SourceSilent
from schemas.event import Classification
from schemas.source_health import SourceHealth
from schemas.story import Story, StoryArticle
from schemas.withdrawal import WITHDRAWAL_TYPE, Withdrawal
from tests.gateway_tools import event
from tests.kafka_tools import Put, produce


def ago(**span: float) -> str:
    """A moment before now, RFC 3339."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def current(number: int, **changes: Any) -> dict[str, Any]:
    """An event that was published and processed just now."""
    return event(number, **({"published_at": ago(), "processed_at": ago()} | changes))


async def put_events(settings: Settings, events: Iterable[dict[str, Any]]) -> list[str]:
    """Events in Kafka, keyed by id as the worker does it. Their ids, in the same order."""
    records = [(str(one["id"]), orjson.dumps(one)) for one in events]
    await produce(settings, settings.channels.events, [Put(value, key=key.encode()) for key, value in records])
    return [key for key, _ in records]


async def withdraw(settings: Settings, gone: dict[str, Any]) -> None:
    """Say on the events' channel that this event no longer stands."""
    record = Withdrawal(
        withdraws=gone["id"],
        url=gone["url"],
        canonical_url=gone["canonical_url"],
        title=gone["title"],
        topics=[topic["topic"] for topic in gone["topics"]],
        reason="retracted",
        classification=Classification.model_validate(gone["classification"]),
        at=datetime.now(UTC),
    )
    headers = [("ce_type", WITHDRAWAL_TYPE.encode())]
    put = Put(record.model_dump_json().encode(), key=gone["id"].encode(), headers=headers)
    await produce(settings, settings.channels.events, [put])


def story_of(events: list[dict[str, Any]], **changes: Any) -> Story:
    """A story that these events make up."""
    first = events[0]
    return Story.model_validate(
        {
            "id": first["id"],
            "version": 1,
            "status": "active",
            "title": first["title"],
            "language": first["language"],
            "topics": [first["topics"][0]["topic"]],
            "countries": [country["code"] for country in first["countries"]],
            "people": [],
            "organisations": [],
            "sectors": [],
            "importance": 0.7,
            "article_count": len(events),
            "articles": [_article(one) for one in events],
            "corroboration": len({one["source"]["family"] for one in events}),
            "languages": list(dict.fromkeys(one["language"] for one in events)),
            "first_seen": min(one["published_at"] for one in events),
            "last_seen": max(one["published_at"] for one in events),
            "at": ago(),
        }
        | changes
    )


def _article(one: dict[str, Any]) -> StoryArticle:
    source = one["source"]
    return StoryArticle.model_validate(
        {name: one[name] for name in ("id", "url", "title", "language", "published_at")}
        | {"source": source["id"], "source_name": source["name"], "family": source["family"]}
    )


async def put_story(settings: Settings, story: Story) -> None:
    """This version of a story."""
    await produce(settings, settings.channels.stories, [Put(story.model_dump_json().encode(), key=story.id.encode())])


async def put_alerts(settings: Settings, *alerts: Burst | SourceSilent) -> None:
    """These alerts."""
    records = [Put(alert.model_dump_json().encode(), key=alert.id.encode()) for alert in alerts]
    await produce(settings, settings.channels.alerts, records)


def burst(number: int, **changes: Any) -> Burst:
    """A burst of the Ukraine war that is going on."""
    return Burst.model_validate(
        {
            "id": f"{number:032x}",
            "title": "Four times as much about the war in Ukraine as usual",
            "at": ago(),
            "subject": "topic",
            "value": "ukraine-war",
            "state": "open",
            "since": ago(minutes=50),
            "until": ago(),
            "observed": 84,
            "expected": 21.3,
            "probability": 3e-9,
            "stories": [],
            "events": [],
        }
        | changes
    )


async def put_health(settings: Settings, *sources: SourceHealth) -> None:
    """The latest word on these sources."""
    records = [Put(one.model_dump_json().encode(), key=one.id.encode()) for one in sources]
    await produce(settings, settings.channels.sources, records)


def health(source: str, name: str, **changes: Any) -> SourceHealth:
    """A source that is well."""
    return SourceHealth.model_validate(
        {
            "id": source,
            "name": name,
            "url": f"https://{source}.example/feed",
            "domain": f"{source}.example",
            "country": "GB",
            "language": "en",
            "tier": 1,
            "status": "ok",
            "failures": 0,
            "problem": None,
            "detail": None,
            "last_attempt": ago(minutes=2),
            "last_success": ago(minutes=2),
            "last_article": ago(minutes=9),
            "staleness_seconds": 540.0,
            "articles_last_day": 61,
            "usual_per_day": 58.5,
            "entries": 40,
            "without_address": 0,
            "future_dates": 0,
            "old_dates": 0,
            "interval_seconds": 300.0,
            "next_poll": None,
            "worker": "test",
            "at": ago(),
        }
        | changes
    )
