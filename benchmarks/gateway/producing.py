"""Events like the pipeline's, each committed in a transaction of its own."""

import asyncio
import time
from datetime import UTC, datetime

import orjson
from aiokafka import AIOKafkaProducer

from app.kafka.client import client_options
from app.settings import Settings

_SAID = "The ministers of both countries met on Tuesday and spoke of goods, services, ships and of what comes next. "


def event(number: int) -> bytes:
    """Event `number`, some 2 kB; its id is its number."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    title = f"Story number {number}: two governments speak of trade and of the war"
    evidence = [{"field": "title", "start": 0, "end": 5, "text": "Story"} for _ in range(4)]
    return orjson.dumps(
        {
            "id": f"{number:032x}",
            "version": 1,
            "supersedes": None,
            "url": f"https://news.example/2026/01/20/story-{number}",
            "canonical_url": f"https://news.example/2026/01/20/story-{number}",
            "title": title,
            "summary": (_SAID * 5)[:500],
            "language": "en",
            "published_at": now,
            "published_at_source": "article",
            "source": {
                "id": "news-example",
                "name": "Example",
                "domain": "news.example",
                "country": "CH",
                "family": "example",
                "tier": 1,
            },
            "topics": [
                {"topic": topic, "score": 0.93, "threshold": 0.5, "evidence": evidence}
                for topic in ("trade-deals", "ukraine-war")
            ],
            "countries": [
                {"code": code, "name": f"Land {code}", "mentions": 3, "prominence": 0.5} for code in ("CA", "KR", "UA")
            ],
            "people": [{"name": "A. Minister", "wikidata": "Q1", "mentions": 2}],
            "organisations": [{"name": "World Trade Organization", "wikidata": "Q7825", "mentions": 1}],
            "sectors": ["energy"],
            "importance": 0.6,
            "classification": {"model": "bench", "model_version": "1", "taxonomy_version": "1", "stage": "bench"},
            "raw": {"topic": "raw", "partition": 0, "offset": number},
            "processed_at": now,
        }
    )


async def commit_events(settings: Settings, first: int, events: int, rate: float) -> list[float]:
    """`events` at `rate` a second; for each the monotonic time just before its commit was asked for."""
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=f"{settings.namespace}-bench", linger_ms=0)
    await producer.start()
    committed: list[float] = []
    began = time.monotonic()
    try:
        for number in range(first, first + events):
            await asyncio.sleep(max(0.0, began + (number - first) / rate - time.monotonic()))
            async with producer.transaction():
                await producer.send_and_wait(
                    settings.channels.events, event(number), partition=number % settings.partitions
                )
                committed.append(time.monotonic())
    finally:
        await producer.stop()
    return committed
