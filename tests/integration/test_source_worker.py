"""Sources spread over workers, on a real Kafka: every entry once, whatever happens to the workers."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from aiohttp import web
from prometheus_client import REGISTRY

from agents.ingest import IngestService
from app.delivery.transactions import Transactions
from app.health import Health
from app.settings import Settings
from app.sources.catalogue import Catalogue
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.run import read_health
from app.sources.worker import SourceWorker
from tests.feed_server import FeedServer, Handler
from tests.kafka_tools import read_all
from tests.lane_tools import running
from tests.real_feeds import COUNT, Story, feed

pytestmark = pytest.mark.integration
HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 13))
QUICK = {"source_min_seconds": 0.4, "source_max_seconds": 1.0, "fetch_private": True, "fetch_seconds": 10.0}


class Newsroom:
    """75 feeds that grow, served with validators; `published` is all that was ever in them."""

    def __init__(self, server: FeedServer) -> None:
        self.server = server
        self.stories = {number: [Story(number, n) for n in range(4)] for number in range(COUNT)}
        for number in range(COUNT):
            server.pages[f"/{number}"] = self._page(number)

    def grow(self) -> None:
        for number, stories in self.stories.items():
            stories.append(Story(number, len(stories)))

    @property
    def published(self) -> Counter[str]:
        return Counter(story.url for stories in self.stories.values() for story in stories)

    def _page(self, number: int) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            stories = self.stories[number][-6:]
            tag = f'"{number}-{len(self.stories[number])}"'
            if request.headers.get("if-none-match") == tag:
                return web.Response(status=304)
            body, content_type = feed(number, stories[::-1])
            return web.Response(body=body, headers={"content-type": content_type, "etag": tag})

        return answer

    def catalogue(self) -> list[dict[str, Any]]:
        return [
            entry(f"feed-{number}", self.server.url(f"/{number}", HOSTS[number % len(HOSTS)]))
            for number in range(COUNT)
        ]


def entry(name: str, url: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.title(),
        "url": url,
        "domain": f"{name}.example",
        "country": "FR",
        "language": "en",
        "tier": 2,
        "family": name,
        "kind": "newspaper",
    }


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer(hosts=HOSTS) as running:
        yield running


@asynccontextmanager
async def polling(settings: Settings, entries: list[dict[str, Any]]) -> AsyncIterator[SourceWorker]:
    """A worker in this process."""
    quick = settings.model_copy(update=QUICK)
    async with HttpClient(quick) as http, FeedParser() as parser:
        catalogue = Catalogue.model_validate({"sources": entries})
        worker = SourceWorker(catalogue, quick, http, parser, Health())
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await task


class Process:
    """`geonews sources run` as a process."""

    def __init__(self, settings: Settings, catalogue: Path, name: str) -> None:
        self._arguments = ("sources", "run", "--sources", str(catalogue))
        self._environment = os.environ | {
            "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
            "GEONEWS_NAMESPACE": settings.namespace,
            "GEONEWS_WORKER_ID": name,
            "GEONEWS_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
            "GEONEWS_HEARTBEAT_INTERVAL_MS": str(settings.heartbeat_interval_ms),
            "GEONEWS_TRANSACTION_TIMEOUT_MS": str(settings.transaction_timeout_ms),
            **{f"GEONEWS_{key.upper()}": str(value) for key, value in QUICK.items()},
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", *self._arguments],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 30)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (what is waited for happens in other processes)
            await asyncio.sleep(0.1)


async def raw_urls(settings: Settings) -> Counter[str]:
    return Counter(orjson.loads(record.value)["url"] for record in await read_all(settings, settings.channels.raw))


async def all_there(settings: Settings, newsroom: Newsroom, seconds: float = 60) -> None:
    """Wait until raw holds every story. That none is there twice is for the end to show."""
    async with asyncio.timeout(seconds):
        while len(await raw_urls(settings)) < len(newsroom.published):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def test_every_entry_arrives_once_while_workers_die(
    settings: Settings, server: FeedServer, tmp_path: Path
) -> None:
    newsroom = Newsroom(server)
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": newsroom.catalogue()}))
    workers = [Process(settings, path, name) for name in ("a", "b")]
    try:
        await all_there(settings, newsroom)
        await until_shared(settings, {"a", "b"})
        newsroom.grow()
        await asyncio.sleep(0.5)  # in the middle of it
        assert await workers[0].end(signal.SIGKILL) == -signal.SIGKILL
        await all_there(settings, newsroom)
        await until_shared(settings, {"b"})
        workers[0].start()
        newsroom.grow()
        await all_there(settings, newsroom)
        await until_shared(settings, {"a", "b"})
        for worker in workers:
            assert await worker.end(signal.SIGTERM) == 0
        newsroom.grow()
        began = len(server.requests)
        workers[1].start()
        await all_there(settings, newsroom)
        first = {request.path: request.headers.get("if-none-match") for request in reversed(server.requests[began:])}
        assert set(first) == set(server.pages)
        assert all(first.values()), "what servers gave to ask with was forgotten over the restart"
    finally:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()
    assert await raw_urls(settings) == newsroom.published


async def until_shared(settings: Settings, names: set[str]) -> None:
    """Wait until the last report on every source is from one of these workers, and each of them reports on some."""
    async with asyncio.timeout(60):
        while {report.worker for report in await read_health(settings)} != names:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def test_articles_carry_what_the_catalogue_knows(settings: Settings, server: FeedServer) -> None:
    body, _ = feed(4, [Story(4, 1)])  # WordPress, which says en-US of everything
    server.pages["/feed"] = body
    async with polling(settings, [entry("paper", server.url("/feed")) | {"language": "pl"}]):
        await arrived(settings, 1)
    [record] = await read_all(settings, settings.channels.raw)
    article = orjson.loads(record.value)
    assert article["language"] == "pl"
    assert article["source"] == {"id": "paper", "name": "Paper", "domain": "paper.example", "country": "FR"}
    assert article["published_at"] == Story(4, 1).when.isoformat().replace("+00:00", "Z")
    [report] = await read_health(settings)
    assert (report.status, report.entries, report.failures) == ("ok", 1, 0)


async def arrived(settings: Settings, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await raw_urls(settings)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_without_network_each_source_says_why_and_nothing_crashes(settings: Settings, server: FeedServer) -> None:
    entries = [
        entry("nobody-listens", "http://127.0.0.1:9/feed"),
        entry("no-such-name", "http://no-such-host.invalid/feed"),
        entry("not-there", server.url("/404")),
        entry("gone", server.url("/410")),
        entry("no-feed", server.url("/page")),
    ]

    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410)

    server.pages |= {"/410": gone, "/page": b"<html><body>hello</body></html>"}
    async with polling(settings, entries):
        await until(lambda: (failures("not-there") or 0) >= 3)
        assert (wait("not-there") or 0) > 0
        async with asyncio.timeout(60):
            while len(await read_health(settings)) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    found = {report.id: (report.status, report.problem) for report in await read_health(settings)}
    assert found == {
        "nobody-listens": ("failing", "network"),
        "no-such-name": ("failing", "network"),
        "not-there": ("failing", "client_error"),
        "gone": ("gone", "gone"),
        "no-feed": ("failing", "not_a_feed"),
    }
    assert all(report.detail for report in await read_health(settings))
    shown = await command(settings, "sources", "status")
    assert "0 ok, 0 new, 4 failing, 0 silent, 1 gone" in shown
    assert "not-there" in shown
    lines = (await command(settings, "sources", "status", "--json")).splitlines()
    assert {orjson.loads(line)["id"] for line in lines} == set(found)
    assert sum(request.path == "/410" for request in server.requests) == 1
    assert await raw_urls(settings) == Counter()


async def command(settings: Settings, *arguments: str) -> str:
    """What a command prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()", *arguments),
        env=os.environ
        | {"GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap), "GEONEWS_NAMESPACE": settings.namespace},
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


def failures(source: str) -> float | None:
    return REGISTRY.get_sample_value("geonews_source_failures", {"source": source})


def wait(source: str) -> float | None:
    return REGISTRY.get_sample_value("geonews_source_wait_seconds", {"source": source})


async def test_a_worker_polls_the_catalogue_and_what_it_publishes_is_classified_once(
    settings: Settings, server: FeedServer, tmp_path: Path
) -> None:
    """Raw is written in transactions then: lanes and audit must make of it what they make of any other raw topic."""
    newsroom = Newsroom(server)
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": newsroom.catalogue()[:9]}))
    quick = settings.model_copy(update=QUICK | {"poll_sources": True, "sources": path})
    service = IngestService(quick)
    async with running(settings):
        await service.start()
        try:
            await arrived(settings, 9 * 4)
            async with asyncio.timeout(60):
                while sum([r["records"] for r in await ledger(settings)]) < 9 * 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        finally:
            await service.stop()
    assert service.crashed is False
    assert sum([r["records"] for r in await ledger(settings)]) == 9 * 4
    assert sum([r["dead_lettered"] for r in await ledger(settings)]) == 0
    assert (await raw_urls(settings)).most_common(1)[0][1] == 1


async def ledger(settings: Settings) -> list[dict[str, Any]]:
    """What became of raw articles."""
    records = [orjson.loads(r.value) for r in await read_all(settings, settings.channels.ledger)]
    return [record for record in records if record["topic"] == settings.channels.raw]


async def test_a_worker_that_lost_a_shard_unknowingly_writes_nothing_more(
    settings: Settings, server: FeedServer
) -> None:
    """The next owner takes the shard's transactional id; then the old one's next commit must fail, and be repeated by
    whoever is the owner."""
    stories = [Story(3, 1)]

    async def page(request: web.Request) -> web.Response:
        body, content_type = feed(3, stories)
        return web.Response(body=body, headers={"content-type": content_type})

    server.pages["/feed"] = page
    async with polling(settings, [entry("paper", server.url("/feed"))]):
        await arrived(settings, 1)
        topic = settings.channels.source_state
        [record] = [r for r in await read_all(settings, topic) if r.key == b"paper"][-1:]
        group = f"{settings.namespace}-sources"
        thief = Transactions(settings, f"{group}-{topic}-{record.partition}", group)
        await thief.open()
        await thief.close()
        before = REGISTRY.get_sample_value("geonews_source_shard_restarts_total", {"cause": "fenced"}) or 0
        stories.append(Story(3, 2))
        await arrived(settings, 2)
        assert (REGISTRY.get_sample_value("geonews_source_shard_restarts_total", {"cause": "fenced"}) or 0) > before
    assert await raw_urls(settings) == Counter([Story(3, 1).url, Story(3, 2).url])
