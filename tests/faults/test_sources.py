"""Feeds are polled while their worker freezes and their broker dies: every entry once all the same."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from app.kafka.admin import ensure_topics
from app.kafka.local import LocalKafka
from app.settings import Settings
from tests.conftest import TOPICS, make_settings
from tests.feed_server import FeedServer
from tests.integration.test_source_worker import HOSTS, Newsroom, Process, all_there, raw_urls, until_shared

pytestmark = pytest.mark.faults


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with FeedServer(hosts=HOSTS) as server:
        yield Newsroom(server)


@pytest.fixture
async def broken_settings(local_kafka: LocalKafka, tmp_path: Path) -> Settings:
    """Topics on the broker that the test breaks."""
    if not local_kafka.is_running:
        local_kafka.start()
    settings = make_settings(local_kafka.bootstrap, tmp_path)
    assert await ensure_topics(settings, TOPICS) == []
    return settings


def started(settings: Settings, newsroom: Newsroom, tmp_path: Path, *names: str) -> list[Process]:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": newsroom.catalogue()}))
    return [Process(settings, path, name) for name in names]


async def test_a_broker_that_dies_costs_no_entry_and_repeats_none(
    broken_settings: Settings, local_kafka: LocalKafka, newsroom: Newsroom, tmp_path: Path
) -> None:
    [worker] = started(broken_settings, newsroom, tmp_path, "a")
    try:
        await all_there(broken_settings, newsroom)
        newsroom.grow()
        await asyncio.sleep(0.3)  # in the middle of it
        local_kafka.kill()
        newsroom.grow()
        await asyncio.sleep(3)
        await asyncio.to_thread(local_kafka.start)
        newsroom.grow()
        await all_there(broken_settings, newsroom, 90)
        assert await worker.end(signal.SIGTERM) == 0
    finally:
        worker.process.kill()
    assert await raw_urls(broken_settings) == newsroom.published


async def test_a_worker_that_was_frozen_writes_nothing_of_what_it_had_in_hand(
    broken_settings: Settings, newsroom: Newsroom, tmp_path: Path
) -> None:
    """It wakes up with fetched entries, and its shards at another worker, which has published the same entries."""
    workers = started(broken_settings, newsroom, tmp_path, "a", "b")
    try:
        await all_there(broken_settings, newsroom)
        await until_shared(broken_settings, {"a", "b"})
        for _ in range(2):
            newsroom.grow()
            await asyncio.sleep(0.4)  # so that some are fetched, and not committed yet
            workers[0].process.send_signal(signal.SIGSTOP)
            await all_there(broken_settings, newsroom)
            await until_shared(broken_settings, {"b"})
            workers[0].process.send_signal(signal.SIGCONT)
            await until_shared(broken_settings, {"a", "b"})
        newsroom.grow()
        await all_there(broken_settings, newsroom)
    finally:
        for worker in workers:
            worker.process.kill()
    assert await raw_urls(broken_settings) == newsroom.published
