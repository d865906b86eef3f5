"""What polling costs: the CPU time of a feed that has not changed, and how many feeds a minute one core can poll.

    python -m benchmarks.sources [FEEDS] [kafka]

CPU time of this process and of the parser's, so that what else the machine does hardly shows; the server runs in a
process of its own and is not counted. Feeds have 30 entries; in the mixed round one in five has three new ones, one in
five came as the same bytes again without a validator, and the rest answer 304. With `kafka`, a worker then polls all
feeds once a minute onto a Kafka that is started for it.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from app.health import Health
from app.kafka.admin import ensure_topics
from app.kafka.local import LocalKafka
from app.settings import Settings
from app.sources.catalogue import Catalogue, CatalogueSource
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.poll import Pace, poll
from app.sources.records import Change, written
from app.sources.state import SourceState
from app.sources.worker import SourceWorker
from tests.real_feeds import COUNT, Story, feed

ENTRIES = 30
AT_ONCE = 32
PACE = Pace(60.0, 3600.0)


async def serve() -> None:
    """Feeds that change when `/grow` is asked; prints the port."""
    rounds = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal rounds
        number = int(request.match_info["number"])
        kind = number % 5
        grown = rounds if kind == 0 else 0
        tag = f'"{number}-{grown}"'
        if kind != 1 and request.headers.get("if-none-match") == tag:
            return web.Response(status=304)
        stories = [Story(number % COUNT, 3 * grown + n) for n in range(ENTRIES, 0, -1)]
        body, content_type = feed(number % COUNT, stories)
        return web.Response(body=body, headers={"content-type": content_type} | ({} if kind == 1 else {"etag": tag}))

    async def grow(_: web.Request) -> web.Response:
        nonlocal rounds
        rounds += 1
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/{number:[0-9]+}", answer), web.get("/grow", grow)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def cpu() -> float:
    """Seconds of CPU of this process, and of its children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Round:
    """All feeds, polled once after the other, `AT_ONCE` at a time."""

    def __init__(self, port: int, count: int, http: HttpClient, settings: Settings) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.http, self.settings = http, settings
        self.feeds = [(source, SourceState(source.url, source.url)) for source in map(self._source, range(count))]
        self.articles = 0

    def _source(self, number: int) -> CatalogueSource:
        fields = {"domain": "paper.example", "country": "FR", "language": "en", "tier": 2, "family": "paper"}
        return CatalogueSource.model_validate(
            fields | {"id": f"s{number}", "name": "P", "url": f"{self.base}/{number}", "kind": "newspaper"}
        )

    async def poll_all(self) -> None:
        """Poll each feed once."""
        async with FeedParser() as parser:
            waiting = iter(self.feeds)

            async def work() -> None:
                for source, state in waiting:
                    polled = await poll(source, state, self.http, parser, PACE, time.time())
                    assert state.problem is None, state.detail
                    self.articles += len(polled.articles)
                    # what a commit would write, short of Kafka
                    place = TopicPartition(self.settings.channels.source_state, 0)
                    written(self.settings, place, [Change(source, state, polled.articles)], time.time())

            await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def changed(self) -> None:
        """One in five has three new entries from now on."""
        await self.http.fetch(f"{self.base}/grow")


async def measured(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """CPU seconds and wall seconds of a piece of work."""
    began, used = time.perf_counter(), cpu()
    await work()
    return cpu() - used, time.perf_counter() - began


async def run(port: int, count: int) -> None:
    settings = Settings(_env_file=None, fetch_private=True)
    async with HttpClient(settings) as http:
        feeds = Round(port, count, http, settings)
        used, wall = await measured(feeds.poll_all)
        print(f"first poll        {1e3 * used / count:7.2f} ms CPU a feed, {wall:5.1f} s, {feeds.articles:,} articles")
        unchanged = [one for one in feeds.feeds if int(one[0].id[1:]) % 5 > 1]
        everything, feeds.feeds = feeds.feeds, unchanged
        best = min([(await measured(feeds.poll_all))[0] for _ in range(3)])
        print(f"304               {1e3 * best / len(unchanged):7.2f} ms CPU a feed")
        feeds.feeds, before = everything, feeds.articles
        await feeds.changed()
        used, wall = await measured(feeds.poll_all)
        print(
            f"mixed round       {1e3 * used / count:7.2f} ms CPU a feed, {wall:5.1f} s, "
            f"{feeds.articles - before:,} articles: {60 * count / used:,.0f} feeds a minute on one core"
        )


async def through_kafka(port: int, count: int, kafka: LocalKafka) -> None:
    """A worker as it is, with its transactions; from its second minute on, when no feed is new to it any more."""
    settings = Settings(
        _env_file=None,
        kafka_bootstrap=kafka.bootstrap,
        namespace="bench",
        fetch_private=True,
        host_concurrency=AT_ONCE,
        source_min_seconds=60,
        source_max_seconds=60,
    )
    await ensure_topics(settings, ["davos"])
    async with HttpClient(settings) as http:
        feeds = Round(port, count, http, settings)
        catalogue = Catalogue(sources=tuple(source for source, _ in feeds.feeds))
        async with FeedParser() as parser:
            worker = SourceWorker(catalogue, settings, http, parser, Health())
            task = asyncio.create_task(worker.run())
            await asyncio.sleep(100)
            await feeds.changed()
            before, used = polls(), time.process_time()
            await asyncio.sleep(60)
            spent, done = time.process_time() - used, polls() - before
            worker.stop()
            await task
    print(f"through Kafka     {1e3 * spent / done:7.2f} ms CPU a feed, parser aside: {done:,.0f} polls in a minute")


def polls() -> float:
    """Fetches that went well, so far."""
    return sum(REGISTRY.get_sample_value("geonews_fetches_total", {"result": r}) or 0 for r in ("ok", "not_modified"))


def main() -> None:
    """Start the server, measure, stop it."""
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with_kafka = sys.argv[2:] == ["kafka"]
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.sources", "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        asyncio.run(run(port, count))
        if with_kafka:
            with tempfile.TemporaryDirectory() as home:
                kafka = LocalKafka(Path(home), heap_mb=512)
                kafka.start()
                try:
                    asyncio.run(through_kafka(port, count, kafka))
                finally:
                    kafka.stop()
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
