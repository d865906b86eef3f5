"""Lanes on a real Kafka: what goes in comes out exactly once, committed together with its offsets and ledger."""

import asyncio
from collections import Counter
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from app.settings import Settings
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import running

pytestmark = pytest.mark.integration
COUNTS = ("records", "published", "duplicates", "irrelevant", "dead_lettered", "rekeyed")


ARTICLE = {
    "url": "https://news.example/canada-korea?utm_source=x",
    "title": "Canada and South Korea sign a free trade agreement on critical minerals",
    "text": "The two governments signed the memorandum in Ottawa; tariffs on cars and batteries will fall.",
}


async def _arrived(settings: Settings, topic: str, count: int) -> list[ConsumerRecord[Any, Any]]:
    """The committed records of `topic`, once there are `count` of them."""
    async with asyncio.timeout(30):
        while len(records := await read_all(settings, topic)) < count:  # noqa: ASYNC110 - Kafka is what is waited for
            await asyncio.sleep(0.2)
    return records


async def test_an_article_on_four_partitions_becomes_one_event(settings: Settings) -> None:
    channels = settings.channels
    await produce(settings, channels.raw, [Put(orjson.dumps(ARTICLE), partition=number) for number in range(4)])
    await produce(settings, channels.raw, [Put(b"nonsense", key=b"k")])
    async with running(settings):
        await _arrived(settings, channels.dead_letters, 1)
        await _arrived(settings, channels.events, 1)
        ledger = await _decided(settings, 5)
    events = await read_all(settings, channels.events)
    assert [orjson.loads(event.value)["canonical_url"] for event in events] == ["https://news.example/canada-korea"]
    assert ledger == {"published": 1, "duplicates": 3, "irrelevant": 0, "dead_lettered": 1, "rekeyed": 3, "records": 5}


async def _decided(settings: Settings, records: int) -> Counter[str]:
    """The sums of the classify lanes' ledger, once it accounts for `records`."""
    async with asyncio.timeout(30):
        while True:
            sums: Counter[str] = Counter()
            for record in await read_all(settings, settings.channels.ledger):
                entry = orjson.loads(record.value)
                if entry["topic"] == settings.channels.raw:
                    sums.update({name: entry[name] for name in COUNTS})
            if sums["records"] >= records:
                return sums
            await asyncio.sleep(0.2)


async def test_an_updated_article_is_a_new_version_of_its_event(settings: Settings) -> None:
    channels = settings.channels
    async with running(settings):
        for number, text in enumerate(("The pact was signed.", "The pact was signed and takes effect in May."), 1):
            await produce(settings, channels.raw, [orjson.dumps(ARTICLE | {"text": f"{ARTICLE['text']} {text}"})])
            await _arrived(settings, channels.events, number)
    events = [orjson.loads(record.value) for record in await read_all(settings, channels.events)]
    first, second = sorted(events, key=lambda event: int(event["version"]))
    assert (first["version"], first["supersedes"]) == (1, None)
    assert (second["version"], second["supersedes"]) == (2, first["id"])


async def test_what_a_lane_has_seen_survives_a_restart(settings: Settings) -> None:
    channels = settings.channels
    for total in (1, 2):
        await produce(settings, channels.raw, [orjson.dumps(ARTICLE)])
        async with running(settings):
            ledger = await _decided(settings, total)
    assert (ledger["published"], ledger["duplicates"]) == (1, 1)
