"""Stories live, from raw articles in many languages to geonews.stories.v1."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from app.delivery.agent import stories_agent
from app.delivery.watchdog import Watchdog
from app.delivery.worker import LaneWorker
from app.health import Health
from app.metrics import SEEN_ENTRIES
from app.settings import Settings
from app.steps.story_input import story_input, withdrawal_item
from app.stories.path import no_embedding
from schemas.story import Story
from tests.faults.verdict import drained_topic
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import article, running
from tests.story_tools import item, rows, stories

pytestmark = pytest.mark.integration


@asynccontextmanager
async def clustering(settings: Settings) -> AsyncIterator[LaneWorker]:
    """The stories agent in this process."""
    worker = LaneWorker(stories_agent(settings, no_embedding), settings, Health(), Watchdog(60))
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def put(settings: Settings, *items: dict[str, Any]) -> None:
    """Put items on the story input, and wait until they are decided."""
    records = [Put(out.value, partition=0) for out in story_input(items, settings.channels)]
    await produce(settings, settings.channels.story_input, records)
    await decided(settings)


async def decided(settings: Settings) -> None:
    """Wait until the stories agent has committed all that lies on its input."""
    await drained_topic(settings, f"{settings.namespace}-stories", settings.channels.story_input)


def raw(row: dict[str, Any], number: int) -> Put:
    """A raw article of a publisher of its own, on any partition."""
    fields = {name: row[name] for name in ("title", "text", "language", "published_at")}
    return Put(orjson.dumps(fields | {"url": f"https://paper{number}.example/{row['story']}"}))


async def test_each_mission_story_is_one_story_in_every_language(settings: Settings) -> None:
    canada, zelenskyy, other = rows("ca-kr-memorandum"), rows("davos-zelenskyy"), rows("us-ch-mandate")
    articles = [raw(row, number) for number, row in enumerate([*canada, *zelenskyy, *other])]
    async with running(settings), clustering(settings):
        await produce(settings, settings.channels.raw, articles)
        async with asyncio.timeout(60):
            while len(await read_all(settings, settings.channels.events)) < len(canada) + len(zelenskyy):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await decided(settings)
    found = [Story.model_validate(story) for story in (await stories(settings)).values()]
    about = {
        name: [story for story in found if any(f"/{name}" in article.url for article in story.articles)]
        for name in ("ca-kr-memorandum", "davos-zelenskyy")
    }
    assert {name: len(of) for name, of in about.items()} == {"ca-kr-memorandum": 1, "davos-zelenskyy": 1}
    [[deal], [speech]] = about.values()
    assert (deal.article_count, speech.article_count) == (len(canada), len(zelenskyy))
    assert {"CA", "KR", "US"} <= set(deal.countries)
    assert {"autos", "batteries", "critical-minerals", "ai"} <= set(deal.sectors)
    assert deal.corroboration == len(canada)
    assert set(deal.languages) == {"en", "fr", "ko", "de", "ja", "es"}
    assert set(speech.languages) == {"en", "uk", "de", "fr", "ru", "ja", "ar", "zh"}
    assert "davos" in speech.topics
    assert deal.id in {article.id for article in deal.articles}


async def test_lanes_of_fingerprints_say_how_many_they_remember_and_stories_do_not(settings: Settings) -> None:
    async with running(settings), clustering(settings):
        await produce(settings, settings.channels.raw, [Put(orjson.dumps(article(1)))])
        async with asyncio.timeout(60):
            while not await read_all(settings, settings.channels.events):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await put(settings, item(1))
        told = {(sample.labels["agent"], sample.value) for sample in next(iter(SEEN_ENTRIES.collect())).samples}
    assert {agent for agent, _ in told} == {"classify", "route"}, "a gauge for stories would always read 0"
    for agent in ("classify", "route"):  # an article is in one partition; the others remember none
        assert max(value for name, value in told if name == agent) >= 1


async def test_a_new_version_takes_its_place_and_a_withdrawal_empties_it(settings: Settings) -> None:
    first, second = item(1), item(2, supersedes=item(1)["id"])
    async with clustering(settings):
        await put(settings, first)
        await put(settings, second)
        [story] = (await stories(settings)).values()
        assert (story["id"], story["article_count"]) == (first["id"], 1)
        assert [article["id"] for article in story["articles"]] == [second["id"]]
        await put(settings, withdrawal_item(second["id"], "2026-01-20T11:00:00.000Z"))
        [story] = (await stories(settings)).values()
        assert (story["article_count"], story["articles"]) == (0, [])


async def test_a_record_that_is_no_item_is_a_dead_letter_and_stops_nothing(settings: Settings) -> None:
    broken = item(3) | {"published_at": "yesterday"}
    async with clustering(settings):
        await produce(settings, settings.channels.story_input, [Put(b"nonsense", partition=0)])
        await put(settings, item(1), broken, item(2))
    letters = await read_all(settings, settings.channels.dead_letters)
    stages = [dict(letter.headers)["geonews.error.stage"] for letter in letters]
    assert stages == [b"stories", b"stories"]
    ids = {article["id"] for story in (await stories(settings)).values() for article in story["articles"]}
    assert ids == {item(1)["id"], item(2)["id"]}


async def test_a_restart_forgets_nothing(settings: Settings) -> None:
    async with clustering(settings):
        await put(settings, *(item(number) for number in range(20)))
    before = await stories(settings)
    other = settings.model_copy(update={"worker_id": f"{settings.worker_id}-2"})
    async with clustering(other):
        await put(settings, item(5, title="Norland and Sudland sign agreement 5 on timber, at last"))
    after = await stories(settings)
    changed = {name for name, story in after.items() if story != before.get(name)}
    [name] = changed
    assert name in before
    assert after[name]["version"] > before[name]["version"]
    assert after[name]["article_count"] == before[name]["article_count"]
