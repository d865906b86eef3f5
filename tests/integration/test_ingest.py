"""Articles onto a real Kafka: byte for byte, once each, on the partition that is theirs."""

import asyncio
import contextlib
import gzip
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from agents.ingest import IngestService
from app.errors import KafkaUnavailable
from app.settings import Settings
from app.sources.base import Item
from app.sources.publish import RawProducer, Tally
from app.steps.identity import canonical_url, home_partition, url_key
from schemas.channels import RAW_MESSAGE_BYTES
from tests.feed_server import FeedServer
from tests.kafka_tools import read_all

pytestmark = pytest.mark.integration
TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "GEONEWS_NAMESPACE": settings.namespace,
        "GEONEWS_FETCH_PRIVATE": "true",
    }


async def geonews(settings: Settings, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(settings),
    )
    out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def ingested() -> float:
    return sum(REGISTRY.get_sample_value("geonews_ingested_total", {"kind": kind}) or 0 for kind in ("feed", "file"))


def article(number: int) -> bytes:
    return b'{ "url":"https://www.paper.example/%d?utm_source=x",  "title":"Article %d" }' % (number, number)


def rss(*names: str) -> bytes:
    entries = "".join(f"<item><title>{n}</title><link>https://p.example/{n}</link></item>" for n in names)
    return f'<rss version="2.0"><channel><title>P</title>{entries}</channel></rss>'.encode()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  (what is waited for happens in other processes)
        await asyncio.sleep(0.1)


async def raw(settings: Settings) -> list[Any]:
    return await read_all(settings, settings.channels.raw)


async def raw_titles(settings: Settings) -> Counter[str]:
    return Counter(orjson.loads(record.value)["title"] for record in await raw(settings))


def assert_home(record: Any, url: str, partitions: int) -> None:
    identity = url_key(canonical_url(url))
    assert (record.key, record.partition) == (identity.hex().encode(), home_partition(identity, partitions))


@pytest.mark.parametrize("way", ["plain", "gzip", "stdin"])
async def test_a_file_arrives_byte_for_byte_once_each_at_home(settings: Settings, tmp_path: Path, way: str) -> None:
    lines = [article(number) for number in range(95)]
    strange = [b"not json", b"[]", b'{"title": "no url"}', b'{"url": "nonsense://", "title": "x"}', b"\xff\x00"]
    data = b"\n".join([*lines, *strange]) + b"\n"
    path = tmp_path / "articles.jsonl"
    path.write_bytes(gzip.compress(data) if way == "gzip" else data)
    given = ("-", data) if way == "stdin" else (str(path), b"")
    code, out, err = await geonews(settings, "ingest", "file", given[0], stdin=given[1])
    assert (code, err) == (0, "")
    size = sum(map(len, [*lines, *strange]))
    assert f"sent 100 articles ({size:,} bytes) to {settings.channels.raw}" in out

    records = await raw(settings)
    assert Counter(record.value for record in records) == Counter([*lines, *strange])
    assert len({record.partition for record in records if record.key}) == settings.partitions
    for record in records:
        if record.value in strange:
            assert record.key is None
        else:
            assert_home(record, orjson.loads(record.value)["url"], settings.partitions)
    traces = [dict(record.headers)["traceparent"] for record in records]
    assert all(TRACEPARENT.fullmatch(trace) for trace in traces)
    assert len(set(traces)) == 100


async def test_a_feed_polled_again_gives_each_entry_once(settings: Settings, server: FeedServer) -> None:
    async def growing(request: web.Request) -> web.Response:
        return web.Response(body=rss("b", "a") if len(server.requests) < 3 else rss("c", "b", "a"))

    server.pages["/feed"] = growing
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()"),
        *("ingest", "feed", server.url("/feed"), "--interval", "1"),
        env=environment(settings),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            await until(lambda: len(server.requests) >= 5)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert await raw_titles(settings) == Counter("abc")
    for record in await raw(settings):
        assert_home(record, orjson.loads(record.value)["url"], settings.partitions)


async def test_feeds_once_tell_which_of_them_failed(settings: Settings, server: FeedServer) -> None:
    server.pages["/good"] = rss("a", "b")
    code, out, err = await geonews(settings, "ingest", "feed", server.url("/good"), server.url("/bad"), "--once")
    assert code == 1
    assert "sent 2 articles" in out
    assert "/bad: the server answered 404" in err
    assert await raw_titles(settings) == Counter("ab")


async def test_the_agent_runs_what_settings_name_and_bad_sources_harm_no_other(
    settings: Settings, server: FeedServer, tmp_path: Path
) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(b"\n".join(map(article, range(10))))
    server.pages |= {"/good": rss("a", "b"), "/broken": b"\xff\xff", "/bomb": b"<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>"}
    service = IngestService(
        settings.model_copy(
            update={
                "ingest_feeds": [server.url(path) for path in ("/broken", "/gone", "/bomb", "/good")] + ["no address"],
                "ingest_files": [tmp_path / "missing.jsonl", path],
                "fetch_private": True,
            }
        )
    )
    before = ingested()
    await service.start()
    try:
        async with asyncio.timeout(60):
            await until(lambda: ingested() - before >= 12)
    finally:
        await service.stop()
    assert await raw_titles(settings) == Counter(["a", "b", *(f"Article {number}" for number in range(10))])
    assert service.crashed is False


async def test_stopping_the_agent_without_kafka_does_not_hang(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(article(1))
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9", "ingest_files": [path]})
    service = IngestService(nowhere)
    async with asyncio.timeout(30):
        await service.start()
        await asyncio.sleep(1)
        await service.stop()


class Listed:
    """A source of the items given."""

    kind = "file"
    name = "list"

    def __init__(self, items: list[Item]) -> None:
        self._items = items

    async def items(self) -> Any:
        for item in self._items:
            yield item


async def test_only_what_kafka_acknowledged_is_counted_and_giants_are_refused(settings: Settings) -> None:
    """Random bytes, so that compression cannot help: the largest that fits, and two that are too large."""
    acknowledged: list[int] = []
    large = RAW_MESSAGE_BYTES - 256 * 1024
    sizes = [10, large, RAW_MESSAGE_BYTES - 80, RAW_MESSAGE_BYTES + 1, 11]
    items = [Item(os.urandom(size), None, lambda size=size: acknowledged.append(size)) for size in sizes]  # type: ignore[misc]
    tally = Tally()
    async with RawProducer(settings) as producer:
        await producer.publish(Listed(items), tally)
    arrived = sorted(len(record.value) for record in await raw(settings))
    assert arrived == sorted(acknowledged)
    assert {10, 11, large} <= set(arrived)
    assert RAW_MESSAGE_BYTES + 1 not in arrived
    assert (tally.sent, tally.refused, tally.waiting) == (len(arrived), 5 - len(arrived), 0)


async def test_a_small_bound_in_flight_loses_nothing(settings: Settings) -> None:
    items = [Item(article(number), f"https://paper.example/{number}") for number in range(300)]
    tally = Tally()
    async with RawProducer(settings, max_in_flight=3) as producer:
        await producer.publish(Listed(items), tally)
    assert tally.sent == 300
    assert Counter(record.value for record in await raw(settings)) == Counter(item.value for item in items)


async def test_no_topic_and_no_broker_are_said(bare_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sources.publish._START_SECONDS", 3.0)
    with pytest.raises(KafkaUnavailable, match="geonews topics create"):
        async with RawProducer(bare_settings):
            pass
    with pytest.raises(KafkaUnavailable, match=r"no broker answers at 127\.0\.0\.1:9"):
        async with RawProducer(bare_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})):
            pass


async def test_a_missing_file_is_one_clear_line(settings: Settings) -> None:
    code, out, err = await geonews(settings, "ingest", "file", "nowhere.jsonl")
    assert (code, out) == (2, "")
    assert err.strip() == "error nowhere.jsonl does not exist"
