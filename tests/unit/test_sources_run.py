"""Sources at work, short of Kafka: what feeds remember, what files yield, how a hostile feed is contained."""

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from aiohttp import web

from app.errors import FetchFailed, SourceError
from app.sources.backoff import Backoff
from app.sources.base import Item
from app.sources.feed import FeedSource
from app.sources.files import FileSource
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from schemas.channels import RAW_MESSAGE_BYTES
from tests.feed_server import FeedServer


@pytest.fixture
async def parser() -> AsyncIterator[FeedParser]:
    async with FeedParser(seconds=20) as started:
        yield started


def rss(*names: str) -> bytes:
    entries = "".join(f"<item><title>{n}</title><link>https://p.example/{n}</link></item>" for n in names)
    return f'<rss version="2.0"><channel><title>P</title>{entries}</channel></rss>'.encode()


async def titles(source: FeedSource | FileSource, count: int, *, acknowledge: bool = True) -> list[str]:
    found = []
    async for item in source.items():
        found.append(str(orjson.loads(item.value)["title"]))
        if acknowledge:
            item.acknowledged()
        if len(found) == count:
            break
    return found


async def test_each_entry_comes_once_oldest_first(server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
    server.pages["/feed"] = rss("b", "a")
    feed = FeedSource(server.url("/feed"), http, parser, interval=0.01)
    found = []
    async with asyncio.timeout(30):
        async for item in feed.items():
            found.append(orjson.loads(item.value)["title"])
            item.acknowledged()
            if len(found) == 2:
                server.pages["/feed"] = rss("d", "c", "b", "a")
            if len(found) == 4:
                break
    assert found == ["a", "b", "c", "d"]


async def test_what_kafka_has_not_is_sent_again(server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
    async def page(request: web.Request) -> web.Response:
        if request.headers.get("if-none-match") == '"1"':
            return web.Response(status=304)
        return web.Response(body=rss("b", "a"), headers={"etag": '"1"'})

    server.pages["/feed"] = page
    feed = FeedSource(server.url("/feed"), http, parser, once=True)
    assert await titles(feed, 9, acknowledge=False) == ["a", "b"]
    assert await titles(feed, 9) == ["a", "b"]
    assert await titles(feed, 9) == []
    assert [request.headers.get("if-none-match") for request in server.requests] == [None, None, '"1"']


async def test_memory_of_entries_is_bounded_but_never_forgets_present_ones(
    server: FeedServer, http: HttpClient, parser: FeedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sources.feed._MOST_SEEN", 3)
    feed = FeedSource(server.url("/feed"), http, parser, once=True)
    old, new = [str(n) for n in range(5)], [str(n) for n in range(5, 9)]
    for page, expected in [(old, 5), (old, 0), (new, 4), (new, 0), (old[:1], 1)]:
        server.pages["/feed"] = rss(*page)
        assert len(await titles(feed, 99)) == expected


async def test_a_failing_feed_waits_longer_and_comes_back(
    server: FeedServer, http: HttpClient, parser: FeedParser
) -> None:
    backoff = Backoff(base=0.001, cap=0.01)
    feed = FeedSource(server.url("/feed"), http, parser, interval=0.01, backoff=backoff)

    async def moody(request: web.Request) -> web.Response:
        failing = len(server.requests) <= 3
        return web.Response(status=500) if failing else web.Response(body=rss("a"))

    server.pages["/feed"] = moody
    async with asyncio.timeout(30):
        assert await titles(feed, 1) == ["a"]
    assert len(server.requests) == 4
    assert backoff.failures == 0


async def test_a_feed_that_is_gone_ends(server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410)

    server.pages["/feed"] = gone
    with pytest.raises(FetchFailed, match="410"):
        await titles(FeedSource(server.url("/feed"), http, parser), 1)
    assert len(server.requests) == 1


async def test_a_feed_that_moved_for_good_is_followed(server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"location": "/new"})

    server.pages |= {"/feed": moved, "/new": rss("a")}
    feed = FeedSource(server.url("/feed"), http, parser, once=True)
    assert await titles(feed, 9) == ["a"]
    await titles(feed, 9)
    assert [request.path for request in server.requests] == ["/feed", "/new", "/new"]


def test_backoff_grows_is_bounded_and_heeds_the_server() -> None:
    backoff = Backoff(base=1, cap=60)
    waits = [backoff.next() for _ in range(200)]
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits[:6]))
    assert all(30 <= wait <= 60 for wait in waits[6:])
    assert len(set(waits[6:])) > 100
    assert backoff.next(at_least=900) == 900
    backoff.reset()
    assert backoff.next() <= 1


async def test_a_feed_that_hangs_its_parser_hurts_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a megabyte in one author: a regular expression of the parser library takes minutes, holding its lock."""
    hostile = rss("a").replace(b"</item>", b"<author>" + b"a" * 500_000 + b"(</author></item>")
    async with FeedParser(seconds=1) as parser:
        with pytest.raises(SourceError, match="cannot be parsed in 1 s"):
            await parser.parse(hostile, url="https://bad.example/")
        assert len((await parser.parse(rss("a", "b"), url="https://good.example/")).entries) == 2


async def test_answers_never_go_to_another_feed(parser: FeedParser) -> None:
    asked = asyncio.create_task(parser.parse(rss(*map(str, range(2000))), url="https://slow.example/"))
    await asyncio.sleep(0.05)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    feeds = await asyncio.gather(*(parser.parse(rss(str(n)), url="https://p.example/") for n in range(5)))
    assert [feed.entries[0].article["title"] for feed in feeds] == ["0", "1", "2", "3", "4"]


async def test_a_huge_feed_is_read_whole(parser: FeedParser) -> None:
    feed = await parser.parse(rss(*map(str, range(20_000))), url="https://p.example/")
    assert len(feed.entries) == 20_000


def unpacked(first: bytes, second: bytes) -> bytes:
    return first + second


def gzipped(first: bytes, second: bytes) -> bytes:
    return gzip.compress(first) + gzip.compress(second)


def zstandard_frames(first: bytes, second: bytes) -> bytes:
    return zstandard.compress(first) + zstandard.compress(second)


@pytest.mark.parametrize("packed", [unpacked, gzipped, zstandard_frames])
async def test_lines_pass_byte_for_byte(tmp_path: Path, packed: Callable[[bytes, bytes], bytes]) -> None:
    lines = [
        b'{"url": "https://p.example/1",   "title":"a"}',
        b"not json",
        b"[1, 2]",
        b'"text"',
        '{"url": 5, "title": "Давос"}'.encode(),
        b'{"url": "https://p.example/2"}\r',
        b"\xff\xfe",
        b'{"url": "https://p.example/3"}',
    ]
    path = tmp_path / "articles"
    data = b"\xef\xbb\xbf" + b"\n\n  \n".join(lines)
    path.write_bytes(packed(data[:50], data[50:]))
    source = FileSource(path)
    items = [item async for item in source.items()]
    assert [item.value for item in items] == lines
    assert [item.url for item in items if item.url] == [f"https://p.example/{n}" for n in (1, 2, 3)]
    assert source.bytes_read == source.total_bytes == path.stat().st_size


async def test_a_million_short_lines_and_one_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(b"1\n" * 300_000 + b"x" * (2 * RAW_MESSAGE_BYTES) + b"\n2\n")
    sizes: dict[int, int] = {}
    async for item in FileSource(path).items():
        sizes[len(item.value)] = sizes.get(len(item.value), 0) + 1
    long = max(sizes)
    assert sizes == {1: 300_001, long: 1}
    assert long > RAW_MESSAGE_BYTES


async def test_a_large_file_in_zstd_comes_in_bounded_pieces(tmp_path: Path) -> None:
    """One frame that a few kilobytes of it would fill the memory with, were it decompressed at once."""
    path = tmp_path / "articles.zst"
    path.write_bytes(zstandard.compress(b"12345678\n" * 5_000_000))
    assert path.stat().st_size < 20_000
    count = 0
    async for item in FileSource(path).items():
        assert item.value == b"12345678"
        count += 1
        if count == 300_000:
            break
    assert count == 300_000


async def test_now_loop_and_limit(tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_text('{"url": "https://p.example/1", "title": "a", "published_at": "2001-01-01T00:00:00Z"}\nno\n')
    items = [item async for item in FileSource(path, now=True, loop=True, limit=5).items()]
    assert [item.value == b"no" for item in items] == [False, True, False, True, False]
    article = orjson.loads(items[0].value)
    assert article["published_at"] == article["fetched_at"] > "2025"
    assert article["title"] == "a"


async def test_rate_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(b"{}\n" * 30)
    started = asyncio.get_running_loop().time()
    count = len([item async for item in FileSource(path, rate=100).items()])
    assert count == 30
    assert asyncio.get_running_loop().time() - started >= 0.18  # a tenth of a second may be caught up


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "does not exist"),
        (gzip.compress(b"{}\n" * 1000)[:-12], "in the middle of its gzip stream"),
        (b"\x1f\x8bnot really", "not valid gzip"),
        (zstandard.compress(b"{}\n" * 1000)[:-3], "in the middle of its zstd stream"),
        (b"\x28\xb5\x2f\xfdnot really", "not valid zstd"),
    ],
)
async def test_files_that_cannot_be_read_say_why(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "articles"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=why):
        [item async for item in FileSource(path).items()]


@pytest.mark.parametrize(("path", "loop"), [(Path("-"), True), (Path("/"), False)])
def test_what_cannot_work_is_said_at_once(path: Path, loop: bool) -> None:
    with pytest.raises(SourceError):
        FileSource(path, loop=loop).check()


READ_STDIN = """
import asyncio
from pathlib import Path
from app.sources.files import FileSource
async def main():
    async for item in FileSource(Path("-")).items():
        print(item.value.decode(), flush=True)
        if item.value == b"enough":
            raise KeyboardInterrupt
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def test_standard_input_is_read_as_it_comes_and_ctrl_c_ends_it() -> None:
    """A line is sent on while the pipe stays open; the end does not wait for a pipe that says nothing more."""
    process = subprocess.Popen(
        [sys.executable, "-c", READ_STDIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdin
    assert process.stdout
    try:
        for line in (b"first\n", b"enough\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line
        assert process.stdout.readline() == b"ended\n"
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdin.close()


def test_an_item_needs_nothing_but_its_bytes() -> None:
    item: Any = Item(b"x")
    assert item.url is None
    item.acknowledged()
