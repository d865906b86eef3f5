"""What the gateway's tests share: events, a gateway in this process, and a reader of its stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import aiohttp
import orjson

from app.gateway.server import Gateway, serving
from app.gateway.topics import TopicInfo
from app.settings import Settings

TOPICS = [
    TopicInfo("trade-deals", "Trade deals", "Arrangements between governments."),
    TopicInfo("ukraine-war", "Ukraine war", "Russia's war against Ukraine."),
    TopicInfo("davos", "Davos", "The World Economic Forum."),
]


def event(number: int, **changes: Any) -> dict[str, Any]:
    """An EnrichedEvent as JSON would give it; `topics` may be ids, `countries` codes."""
    topics = changes.pop("topics", ["davos"])
    countries = changes.pop("countries", ["CH"])
    score = changes.pop("score", 0.9)
    return {
        "id": blake2b(str(number).encode(), digest_size=16).hexdigest(),
        "version": 1,
        "supersedes": None,
        "url": f"https://example.org/{number}",
        "canonical_url": f"https://example.org/{number}",
        "title": f"Event number {number}",
        "summary": f"What happened in event {number}.",
        "language": "en",
        "published_at": f"2026-01-20T{number // 60 % 24:02}:{number % 60:02}:00Z",
        "published_at_source": "article",
        "source": {
            "id": "example",
            "name": "Example",
            "domain": "example.org",
            "country": None,
            "family": "example",
            "tier": None,
        },
        "topics": [
            {"topic": topic, "score": score, "threshold": 0.5, "evidence": []} if isinstance(topic, str) else topic
            for topic in topics
        ],
        "countries": [{"code": code, "name": f"Land {code}", "mentions": 1, "prominence": 0.5} for code in countries],
        "people": [],
        "organisations": [],
        "sectors": [],
        "importance": 0.5,
        "classification": {"model": "lexicon", "model_version": "1", "taxonomy_version": "1", "stage": "lexicon"},
        "raw": {"topic": "raw", "partition": 0, "offset": number},
        "processed_at": "2026-01-20T12:00:00Z",
    } | changes


def value(number: int, **changes: Any) -> bytes:
    """The same as Kafka holds it."""
    return orjson.dumps(event(number, **changes))


RECORDS = {"event", "withdrawal", "story", "alert"}


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event."""

    event: str
    id: str
    data: Any


@asynccontextmanager
async def gateway_on(settings: Settings) -> AsyncIterator[tuple[Gateway, aiohttp.ClientSession]]:
    """A gateway whose window has been read, and a client that speaks to it."""
    async with serving(settings, TOPICS) as gateway, aiohttp.ClientSession(gateway.address) as client:
        await until_ready(client)
        yield gateway, client


async def until_ready(client: aiohttp.ClientSession, wanted: bool = True) -> dict[str, Any]:
    """What `/readyz` says once it says this."""
    async with asyncio.timeout(30):
        while True:
            async with client.get("/readyz") as response:
                body: dict[str, Any] = await response.json()
                if body["ready"] is wanted:
                    return body
            await asyncio.sleep(0.05)


async def until_events(client: aiohttp.ClientSession, count: int) -> None:
    """Wait until the window holds this many events."""
    async with asyncio.timeout(30):
        while (await (await client.get("/readyz")).json())["events"] < count:  # noqa: ASYNC110 - it is another process's state
            await asyncio.sleep(0.02)


async def messages(response: aiohttp.ClientResponse) -> AsyncIterator[Message]:
    """Parse a stream by the rules of the standard; an id lasts until the next."""
    name, last_id = "message", ""
    data: list[str] = []
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        field, _, text = line.partition(": ")
        if line == "":
            if data:
                yield Message(name, last_id, orjson.loads("\n".join(data)))
            name, data = "message", []
        elif field == "event":
            name = text
        elif field == "id":
            last_id = text
        elif field == "data":
            data.append(text)


async def take(stream: AsyncIterator[Message], count: int) -> list[Message]:
    """The next events of a stream, control messages and heartbeats left out."""
    found: list[Message] = []
    async with asyncio.timeout(30):
        async for message in stream:
            if message.event in RECORDS:
                found.append(message)
                if len(found) == count:
                    return found
    raise AssertionError(f"the stream ended after {len(found)} of {count} events")


def story(number: int, **changes: Any) -> dict[str, Any]:
    """A Story of two articles, as JSON would give it."""
    own = event(number)
    articles = [
        {
            "id": event(other)["id"],
            "url": f"https://example.org/{other}",
            "title": f"Event number {other}",
            "language": "en",
            "source": "example",
            "source_name": "Example",
            "family": "example",
            "published_at": own["published_at"],
        }
        for other in (number, number + 1)
    ]
    return {
        "id": own["id"],
        "version": 1,
        "status": "active",
        "merged_into": None,
        "split_from": None,
        "title": f"Story number {number}",
        "language": "en",
        "topics": ["davos"],
        "countries": ["CH"],
        "people": [],
        "organisations": [],
        "sectors": ["energy"],
        "importance": 0.5,
        "article_count": len(articles),
        "articles": articles,
        "corroboration": 1,
        "languages": ["en", "de"],
        "first_seen": moment(number),
        "last_seen": moment(number),
        "at": moment(number),
    } | changes


def alert(number: int, **changes: Any) -> dict[str, Any]:
    """A burst, as JSON would give it."""
    return {
        "id": event(number)["id"],
        "kind": "burst",
        "title": f"Burst number {number}",
        "at": moment(number),
        "subject": "topic",
        "value": "davos",
        "state": "open",
        "since": moment(number),
        "until": moment(number),
        "observed": 12,
        "expected": 2.5,
        "probability": 0.0001,
        "stories": [],
        "events": [],
    } | changes


def silence(number: int, source: str, **changes: Any) -> dict[str, Any]:
    """An alert of a source that fell silent."""
    return {
        "id": event(number)["id"],
        "kind": "source-silent",
        "title": f"{source} is silent",
        "at": moment(number),
        "source": source,
        "since": moment(number),
        "baseline_per_day": 12.0,
    } | changes


def health(name: str, **changes: Any) -> dict[str, Any]:
    """The health of a source."""
    return {
        "id": name,
        "name": f"The {name}",
        "url": f"https://{name}.example/feed",
        "domain": f"{name}.example",
        "country": "CH",
        "language": "de",
        "tier": 1,
        "status": "ok",
        "failures": 0,
        "problem": None,
        "detail": None,
        "last_attempt": moment(0),
        "last_success": moment(0),
        "last_article": moment(0),
        "staleness_seconds": 60.0,
        "articles_last_day": 10,
        "usual_per_day": 9.5,
        "entries": 20,
        "without_address": 0,
        "future_dates": 0,
        "old_dates": 0,
        "interval_seconds": 300.0,
        "next_poll": None,
        "worker": "w",
        "at": moment(0),
    } | changes


def moment(number: int) -> str:
    """A time of today, later for a higher number: within the gateway's window."""
    began = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    return (began + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
