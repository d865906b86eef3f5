"""GDELT's answers, as its DOC API and its 15-minute files give them, to articles."""

import io
import zipfile
from typing import Any

import orjson
import pytest

from app.errors import SourceError
from app.sources.base import Item
from app.sources.gdelt import GdeltSource
from app.sources.gdelt_names import country_code, language_code
from app.sources.http import HttpClient
from schemas.article import RawArticle
from tests.feed_server import FeedServer

API = {
    "articles": [
        {
            "url": "https://zeitung.example/2",
            "url_mobile": "",
            "title": "Handelsabkommen unterzeichnet",
            "seendate": "20260120T101500Z",
            "socialimage": "https://zeitung.example/2.jpg",
            "domain": "zeitung.example",
            "language": "German",
            "sourcecountry": "Germany",
        },
        {"url": "https://paper.example/1", "title": "Talks", "seendate": "soon", "language": "Klingon?"},
        {"url": "https://paper.example/0", "title": " "},
        {"title": "no address"},
        "nonsense",
    ]
}


def line(address: str, extras: str = "<PAGE_TITLE>Talks &amp; tariffs</PAGE_TITLE>", **columns: str) -> str:
    fields = [""] * 27
    fields[0], fields[1], fields[2], fields[3] = "20260120101500-1", "20260120101500", "1", "paper.example"
    fields[4], fields[18], fields[26] = address, "https://paper.example/i.jpg", extras
    for number, value in columns.items():
        fields[int(number.removeprefix("c"))] = value
    return "\t".join(fields)


def zipped(*contents: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.gkg.csv", content)
    return file.getvalue()


async def taken(source: GdeltSource, *, acknowledge: bool = True) -> list[Any]:
    found: list[Item] = [item async for item in source.items()]
    for item in found:
        if acknowledge:
            item.acknowledged()
    for item in found:
        RawArticle.model_validate_json(item.value)
    return [orjson.loads(item.value) for item in found]


async def test_the_api_gives_articles_oldest_first_and_each_once(server: FeedServer, http: HttpClient) -> None:
    server.pages["/doc"] = orjson.dumps(API)
    source = GdeltSource(http, query='"trade deal" sourcelang:deu', api=server.url("/doc"), once=True)
    assert await taken(source, acknowledge=False) == await taken(source)
    assert await taken(source) == []
    asked = server.requests[0].query
    assert (asked["query"], asked["format"], asked["timespan"]) == ('"trade deal" sourcelang:deu', "json", "30min")
    server.pages["/doc"] = orjson.dumps({"articles": [*API["articles"], {"url": "https://n.example/3", "title": "N"}]})
    assert [article["title"] for article in await taken(source)] == ["N"]


async def test_an_article_of_the_api_in_full(server: FeedServer, http: HttpClient) -> None:
    server.pages["/doc"] = orjson.dumps(API)
    plain, full = await taken(GdeltSource(http, query="x", api=server.url("/doc"), once=True))
    assert full == {
        "url": "https://zeitung.example/2",
        "title": "Handelsabkommen unterzeichnet",
        "published_at": "2026-01-20T10:15:00Z",
        "language": "de",
        "image_url": "https://zeitung.example/2.jpg",
        "source": {"name": "zeitung.example", "domain": "zeitung.example", "country": "DE"},
    }
    assert "published_at" not in plain
    assert "language" not in plain


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"articles": []}'])
async def test_no_articles_are_none(server: FeedServer, http: HttpClient, body: bytes) -> None:
    server.pages["/doc"] = body
    assert await taken(GdeltSource(http, query="x", api=server.url("/doc"), once=True)) == []


async def test_a_refused_query_is_said_in_gdelts_words(server: FeedServer, http: HttpClient) -> None:
    server.pages["/doc"] = b"The specified phrase is too short.\n"
    with pytest.raises(SourceError, match="too short"):
        await taken(GdeltSource(http, query="x", api=server.url("/doc"), once=True))


async def test_each_new_file_is_read_once(server: FeedServer, http: HttpClient) -> None:
    def publish(number: int, *lines: str) -> None:
        name = f"/{number}.gkg.csv.zip"
        server.pages[name] = zipped("\n".join(lines))
        listing = f"9 abc {server.url('/x.export.CSV.zip')}\n9 abc {server.url(name)}\n"
        server.pages["/lastupdate.txt"] = listing.encode()

    source = GdeltSource(http, files=server.url("/lastupdate.txt"), once=True)
    publish(
        1,
        line("https://paper.example/1"),
        line("https://paper.example/2", c25="srclc:fra;eng:GT-FRA 1.0"),
        line("https://paper.example/3", extras=""),
        line("a book", c2="2"),
        "too\tfew",
    )
    found = await taken(source)
    assert [(article["url"][-1], article["language"]) for article in found] == [("1", "en"), ("2", "fr")]
    assert found[0]["title"] == "Talks & tariffs"
    assert found[0]["published_at"] == "2026-01-20T10:15:00Z"
    assert await taken(source) == []
    publish(2, line("https://paper.example/2"), line("https://paper.example/4"))
    assert [article["url"][-1] for article in await taken(source, acknowledge=False)] == ["4"]
    assert [article["url"][-1] for article in await taken(source)] == ["4"], "what Kafka has not is read again"


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"no zip", "no zip file"), (zipped("a", "b"), "2 files"), (zipped("x" * 100)[:-30], "no zip file")],
)
async def test_a_file_that_is_none_is_said(server: FeedServer, http: HttpClient, body: bytes, says: str) -> None:
    server.pages |= {"/l": f"1 a {server.url('/1.gkg.csv.zip')}".encode(), "/1.gkg.csv.zip": body}
    with pytest.raises(SourceError, match=says):
        await taken(GdeltSource(http, files=server.url("/l"), once=True))


async def test_a_zip_bomb_is_cut_off(server: FeedServer, http: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sources.gdelt_files._MOST_BYTES", 1000)
    bomb = zipped("x" * 10_000_000)
    server.pages |= {"/l": f"1 a {server.url('/1.gkg.csv.zip')}".encode(), "/1.gkg.csv.zip": bomb}
    with pytest.raises(SourceError, match="more than 1000 bytes"):
        await taken(GdeltSource(http, files=server.url("/l"), once=True))


def test_names_become_codes() -> None:
    assert [language_code(name) for name in ("English", "ukrainian", "fra", "Chinese", "", None, "Elvish")] == [
        *("en", "uk", "fr", "zh"),
        *(None, None, None),
    ]
    assert [country_code(name) for name in ("United States", "Russia", "South Korea", "Nowhere", None)] == [
        *("US", "RU", "KR"),
        *(None, None),
    ]
