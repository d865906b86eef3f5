"""Finds the feeds of a site: the page itself when it is one, or those that its <link rel="alternate"> tags name."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from app.errors import FetchFailed, SourceError
from app.sources.decoding import decode
from app.sources.fields import Feed, domain_of, web_address
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.robots import Robots

_FEED_TYPES: Final = {
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/xml",
    "text/xml",
}
_MOST_TRIED: Final = 8
_MOST_HTML: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that answers: where it is, what it calls itself, the host and language that it is of, and its entries."""

    url: str
    title: str | None
    domain: str
    language: str | None
    entries: int


async def find_feeds(url: str, http: HttpClient, parser: FeedParser, robots: Robots) -> list[Found]:
    """Every feed at `url`, the page's first one first. Raises SourceError when there is none, or none is allowed."""
    if not await robots.allows(url):
        raise SourceError(f"{url}: the site's robots.txt forbids it, or cannot be read now")
    page = await http.fetch(url)
    if page is None:
        raise SourceError(f"{url} is empty")
    try:
        return [_found(page.url, await parser.parse(page.body, url=page.url, content_type=page.content_type))]
    except SourceError as error:
        links = alternates(decode(page.body, page.content_type), page.url)
        if not links:
            raise SourceError(f"{error}, and no link to a feed is on it") from error
    feeds, problems = [], []
    for link in links[:_MOST_TRIED]:
        try:
            fetched = await http.fetch(link)
            if fetched:
                parsed = await parser.parse(fetched.body, url=fetched.url, content_type=fetched.content_type)
                feeds.append(_found(fetched.moved_to or link, parsed))
        except SourceError as problem:
            problems.append(str(problem))
    if not feeds:
        raise SourceError(f"{url} links to feeds, but none can be read: {'; '.join(problems[:3])}")
    return feeds


def alternates(html: str, base: str) -> list[str]:
    """Addresses of the feeds that a page links to in its head, in its order."""
    finder = _LinkFinder()
    finder.feed(html[:_MOST_HTML])
    base = web_address(finder.base, base) or base
    return list(dict.fromkeys(link for href in finder.links if (link := web_address(href, base))))


class _LinkFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("link", "base"):
            return
        said = {name: value or "" for name, value in attrs}
        if tag == "base":
            self.base = self.base or said.get("href")
        elif "alternate" in said.get("rel", "").lower().split() and said.get("href"):
            kind = said.get("type", "").partition(";")[0].strip().lower()
            if kind in _FEED_TYPES and "oembed" not in said["href"]:
                self.links.append(said["href"])


def _found(url: str, feed: Feed) -> Found:
    first = feed.entries[0].article if feed.entries else {}
    source = first.get("source") or {}
    domain = domain_of(first.get("url")) or domain_of(url) or ""
    if not domain:
        raise FetchFailed("refused", f"{url} has no host")
    return Found(url, source.get("name"), domain, first.get("language"), len(feed.entries))
