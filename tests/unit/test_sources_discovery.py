"""Feeds are found on pages, robots.txt is asked for pages, and a catalogue takes what was found."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from app.errors import ConfigurationError, SourceError
from app.settings import Settings
from app.sources.additions import append, entry_for
from app.sources.catalogue import Catalogue, load_catalogue
from app.sources.check import check_all
from app.sources.discovery import Found, alternates, find_feeds
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.robots import Robots
from tests.contract.test_catalogue import ENTRY
from tests.feed_server import FeedServer
from tests.real_feeds import Story, feed

PAGE = b"""<!doctype html><html><head><title>Paper</title>
<link rel="stylesheet" href="/x.css"><link rel=alternate type="application/rss+xml" title="All" href="/rss">
<LINK REL="Alternate Home" TYPE="application/atom+xml; charset=utf-8" HREF="/atom">
<link rel="alternate" type="application/json+oembed" href="/oembed"><link rel="alternate" hreflang="de" href="/de">
<link rel="alternate" type="text/xml" href="/oembed?format=xml"></head><body><link rel=alternate"""


@pytest.fixture
async def parser() -> AsyncIterator[FeedParser]:
    async with FeedParser() as started:
        yield started


def test_links_in_the_head_are_found_in_order() -> None:
    assert alternates(PAGE.decode(), "https://p.example/a/") == ["https://p.example/rss", "https://p.example/atom"]
    based = '<base href="//cdn.example/"><link rel="alternate" type="application/rss+xml" href="rss">'
    assert alternates(based, "https://p.example/") == ["https://cdn.example/rss"]
    assert (
        alternates("<link rel='alternate' type='application/rss+xml' href='javascript:x'>", "https://p.example/") == []
    )


async def test_a_page_leads_to_its_feeds_and_a_feed_is_its_own(
    server: FeedServer, http: HttpClient, parser: FeedParser
) -> None:
    body = feed(35, [Story(3, 2), Story(3, 1)])[0]
    server.pages |= {"/": PAGE, "/atom": body}
    [found] = await find_feeds(server.url("/"), http, parser, Robots(http, "tests/1"))
    assert found == Found(server.url("/atom"), "Paper", "paper3.example", "cs", 2)
    server.pages["/rss"] = body
    assert len(await find_feeds(server.url("/"), http, parser, Robots(http, "tests/1"))) == 2
    assert await find_feeds(server.url("/atom"), http, parser, Robots(http, "tests/1")) == [found]


@pytest.mark.parametrize(
    ("page", "says"),
    [(b"<html>no links", "no link to a feed"), (PAGE, "none can be read"), (None, "404")],
)
async def test_what_leads_nowhere_is_said(
    server: FeedServer, http: HttpClient, parser: FeedParser, page: bytes | None, says: str
) -> None:
    if page is not None:
        server.pages["/"] = page
    with pytest.raises(SourceError, match=says):
        await find_feeds(server.url("/"), http, parser, Robots(http, "tests/1"))


async def test_robots_txt_is_heeded(server: FeedServer, http: HttpClient) -> None:
    robots = b"User-agent: geonews\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n"
    server.pages["/robots.txt"] = robots
    ours, theirs = Robots(http, "geonews/0.1 (x)"), Robots(http, "other/2")
    for path, allowed in [("/news", True), ("/private/1", False), ("/", True)]:
        assert await ours.allows(server.url(path)) is allowed
        assert await theirs.allows(server.url(path)) is False
    assert len(server.requests) == 2, "asked once for each client, not for each page"


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
async def test_no_robots_txt_allows_all_and_a_failing_server_nothing(
    server: FeedServer, http: HttpClient, status: int, allowed: bool
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    server.pages["/robots.txt"] = answer
    assert await Robots(http, "geonews/0.1").allows(server.url("/x")) is allowed


def test_an_addition_keeps_the_file_and_fits_it(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    before = "# mine\n" + yaml.safe_dump({"sources": [ENTRY]}, indent=4).replace("-   ", "  - ")
    path.write_text(before)
    catalogue = load_catalogue(path)
    found = Found("https://b.example/feed", "Gazeta: B", "b.example", "pl-PL", 9)
    append(path, entry_for(found, catalogue, country="PL", language=None, tier=3, kind="newspaper"))
    same = Found("https://a.example/sport", "A", "a.example", "fr", 9)
    append(path, entry_for(same, load_catalogue(path), country="XX", language=None, tier=3, kind="institute"))
    assert path.read_text().startswith(before)
    _, added, sibling = load_catalogue(path).sources
    assert (added.id, added.name, added.language, added.country) == ("b-example", "Gazeta: B", "pl", "PL")
    assert (sibling.family, sibling.country, sibling.kind, sibling.tier) == ("a", "FR", "newspaper", 2)


@pytest.mark.parametrize(
    ("found", "options", "says"),
    [
        (Found(ENTRY["url"], "A", "a.example", "fr", 1), {}, "already, as a-paper"),  # type: ignore[arg-type]
        (Found("https://b.example/", "B", "b.example", None, 1), {}, "give --language"),
        (Found("https://b.example/", "B", "b.example", "pl", 1), {"kind": "blog"}, "kind: "),
        (Found("https://b.example/", "B", "b.example", "pl", 1), {"country": "POL"}, "country: "),
    ],
)
def test_what_does_not_fit_is_said(found: Found, options: dict[str, str], says: str) -> None:
    catalogue = Catalogue.model_validate({"sources": [ENTRY]})
    usual = {"country": "PL", "language": None, "tier": 3, "kind": "newspaper"}
    with pytest.raises(ConfigurationError, match=says):
        entry_for(found, catalogue, **(usual | options))  # type: ignore[arg-type]


async def test_a_check_tells_which_feeds_answer(server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
    server.pages |= {"/good": feed(3, [Story(3, 1)])[0], "/page": b"<html>", "/empty": feed(3, [])[0]}
    entries = [ENTRY | {"id": name, "url": server.url(f"/{name}")} for name in ("good", "page", "empty", "none")]
    catalogue = Catalogue.model_validate({"sources": entries})
    settings = Settings(_env_file=None)
    results = {r.source.id: r async for r in check_all(catalogue.sources, settings, http, parser)}
    assert {name: result.problem for name, result in results.items()} == {
        "good": None,
        "page": "not_a_feed",
        "empty": "empty",
        "none": "client_error",
    }
    assert results["good"].newest == Story(3, 1).when
