"""Workers that are killed in the middle of the events leave the stories as an undisturbed run does."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pytest

from app.steps.memory import Memory, Pending
from app.steps.records import Inbound
from app.steps.story_input import story_input
from app.stories.cluster import Rules
from app.stories.path import StoryPath
from tests.faults.fleet import Fleet
from tests.faults.verdict import committed_records, drained_topic
from tests.faults.worker import WorkerProcess
from tests.kafka_tools import Put, produce
from tests.story_tools import stories, varied

pytestmark = pytest.mark.faults
# Small transactions, so that kills fall between many; and stories are closed on the way, as they are in a month.
SMALL = {"GEONEWS_BATCH_RECORDS": "2", "GEONEWS_STORY_MAX_ARTICLES": "1500", "GEONEWS_STORY_EMBEDDINGS": "false"}


T = TypeVar("T")


def packed(items: Sequence[T], together: int) -> list[Sequence[T]]:
    """Items in lots of so many."""
    return [items[at : at + together] for at in range(0, len(items), together)]


def undisturbed(fleet: Fleet, values: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    """The stories that these records lead to, one after the other and without any Kafka."""
    path = StoryPath(fleet.settings.channels, rules=Rules(most_articles=1500))
    newest = {}
    for offset, value in enumerate(values):
        record = Inbound("story-input", 0, offset, 0, None, value)
        decided = path.decide([record], Pending(Memory(1, 100)), datetime.now(UTC))
        for out in decided.outgoing:
            if out.topic == fleet.settings.channels.stories:
                newest[(out.key or b"").decode()] = orjson.loads(out.value or b"")
    return newest


async def owner(fleet: Fleet) -> WorkerProcess:
    """The worker that has the stories' lane."""
    async with asyncio.timeout(60):
        while True:
            for worker in fleet.workers.values():
                if (
                    worker.is_alive
                    and (await worker.ready())[0]
                    and await worker.metric("geonews_lanes", agent="stories")
                ):
                    return worker
            await asyncio.sleep(0.1)


async def until_more(fleet: Fleet, than: int) -> int:
    """Wait until more versions of stories than that are committed; returns how many there are."""
    async with asyncio.timeout(60):
        while True:
            count = sum([1 async for _ in committed_records(fleet.settings, fleet.settings.channels.stories)])
            if count > than:
                return count
            await asyncio.sleep(0.1)


async def kill_in_mid_stream(fleet: Fleet, events: int, kills: int, together: int) -> None:
    settings = fleet.settings
    for name in "ab":
        fleet.worker(name, SMALL)
    await owner(fleet)
    lots = packed(list(varied(events)), together)
    values = [out.value or b"" for lot in lots for out in story_input(lot, settings.channels)]
    written = 0
    for portion in packed(values, -(-len(values) // kills)):
        await produce(settings, settings.channels.story_input, [Put(value, partition=0) for value in portion])
        killed = await owner(fleet)
        written = await until_more(fleet, written)
        killed.kill9()
        written = await until_more(fleet, written)
        await drained_topic(settings, f"{settings.namespace}-stories", settings.channels.story_input, 60 + events / 20)
        done = await until_more(fleet, 0)
        assert written < done, "the kill was to be in mid-stream"
        written = done
        killed.start()
    found, wanted = await stories(settings), undisturbed(fleet, values)
    for story in (*found.values(), *wanted.values()):
        del story["at"]
    assert found == wanted


@pytest.mark.timeout(300)
async def test_killed_in_the_middle_of_the_events(fleet: Fleet) -> None:
    await kill_in_mid_stream(fleet, events=2000, kills=2, together=10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_killed_in_the_middle_of_50_000_events(fleet: Fleet) -> None:
    await kill_in_mid_stream(fleet, events=50_000, kills=5, together=50)
