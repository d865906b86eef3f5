"""Lanes on a real Kafka: what goes in comes out exactly once, committed together with its offsets and ledger."""

import asyncio
from collections import Counter

import orjson
import pytest

from app.settings import Settings
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import running

pytestmark = pytest.mark.integration


async def test_an_article_becomes_an_event(settings: Settings) -> None:
    article = {
        "url": "https://news.example/canada-korea?utm_source=x",
        "title": "Canada and South Korea sign a free trade agreement on critical minerals",
        "text": "The two governments signed the memorandum of understanding in Ottawa; tariffs on cars and batteries will fall.",
    }
    await produce(settings, settings.channels.raw, [Put(orjson.dumps(article), partition=p) for p in range(4)])
    await produce(settings, settings.channels.raw, [Put(b"nonsense", key=b"k")])
    async with running(settings):
        async with asyncio.timeout(30):
            while len(await read_all(settings, settings.channels.dead_letters)) < 1:
                await asyncio.sleep(0.2)
            while len(await read_all(settings, settings.channels.events)) < 1:
                await asyncio.sleep(0.2)
        await asyncio.sleep(1)
    events = await read_all(settings, settings.channels.events)
    assert [orjson.loads(e.value)["canonical_url"] for e in events] == ["https://news.example/canada-korea"]
    ledger = [orjson.loads(r.value) for r in await read_all(settings, settings.channels.ledger)]
    outcomes: Counter[str] = Counter()
    for entry in ledger:
        if entry["topic"] == settings.channels.raw:
            outcomes.update({k: entry[k] for k in ("published", "duplicates", "dead_lettered", "rekeyed", "records")})
    assert outcomes == {"published": 1, "duplicates": 3, "dead_lettered": 1, "rekeyed": 3, "records": 5}
