"""Texts from pages: only where they lack, where robots.txt allows, and never at the price of an article."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web

from app.errors import ConfigurationError
from app.settings import Settings
from app.sources import fulltext
from app.sources.fulltext import FullText
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from tests.feed_server import FeedServer

PARAGRAPH = "Ministers of both countries signed the agreement on tariffs in Geneva on Tuesday, officials said. " * 4
PAGE = (
    "<!doctype html><html><head><meta charset='windows-1251'><title>Переговоры</title></head><body><nav>Home News</nav>"
    f"<article><h1>Переговоры</h1><p>{PARAGRAPH}</p><p>Переговоры о торговле продолжатся в Женеве в среду. "
    f"{PARAGRAPH}</p></article><footer>Copyright, cookies</footer><script>track()</script></body></html>"
)
HTML = {"content-type": "text/html; charset=windows-1251"}


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def texts() -> AsyncIterator[FullText]:
    async with HttpClient(Settings(_env_file=None, fetch_private=True)) as http, FeedParser() as parser:
        yield FullText(http, parser, Hosts(1, 4), "geonews/0.1")


def article(url: str, **fields: Any) -> tuple[str, bytes]:
    return url, orjson.dumps({"url": url, "title": "T"} | fields)


async def test_only_articles_without_text_get_one_and_order_stays(server: FeedServer, texts: FullText) -> None:
    for name in ("a", "b", "c"):
        server.pages[f"/{name}"] = PAGE.encode("windows-1251")
        server.headers[f"/{name}"] = HTML
    long = {"text": "x" * 1000}
    given = [article(server.url("/a")), article(server.url("/b"), **long), article(server.url("/c"), summary="short")]
    filled = [orjson.loads(value) for _, value in await texts.added(given)]
    assert [found["url"] for found in filled] == [url for url, _ in given]
    assert filled[1] == orjson.loads(given[1][1])
    for found in (filled[0], filled[2]):
        assert "Переговоры о торговле продолжатся" in found["text"]
        assert "cookies" not in found["text"]
        assert "track" not in found["text"]
    assert sorted(request.path for request in server.requests) == ["/a", "/c", "/robots.txt"]


@pytest.mark.parametrize("way", ["forbidden", "missing", "no page", "empty", "busy"])
async def test_what_gives_no_text_leaves_the_article_as_it_is(server: FeedServer, texts: FullText, way: str) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429)

    if way == "forbidden":
        server.pages["/robots.txt"] = b"User-agent: *\nDisallow: /"
    if way != "missing":
        server.pages["/a"] = busy if way == "busy" else b"" if way == "empty" else PAGE.encode()
        server.headers["/a"] = {"content-type": "application/pdf"} if way == "no page" else HTML
    given = [article(server.url("/a"))]
    assert await texts.added(given) == given
    fetched = [request.path for request in server.requests]
    assert fetched == (["/robots.txt"] if way == "forbidden" else ["/robots.txt", "/a"])


async def test_a_backlog_is_not_fetched_whole(server: FeedServer, texts: FullText) -> None:
    given = [article(server.url(f"/{number}")) for number in range(50)]
    await texts.added(given)
    pages = {request.path for request in server.requests} - {"/robots.txt"}
    assert pages == {f"/{number}" for number in range(30, 50)}


async def test_without_the_library_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulltext, "can_read_pages", lambda: False)
    async with HttpClient(Settings(_env_file=None)) as http, FeedParser() as parser:
        with pytest.raises(ConfigurationError, match="fulltext"):
            FullText(http, parser, Hosts(1, 1), "geonews")
