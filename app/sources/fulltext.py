"""Texts for articles whose feeds give none: pages are fetched, politely, and never at the price of the article."""

import asyncio
from typing import Final

import orjson

from app.errors import ConfigurationError, FetchFailed, SourceError
from app.metrics import PAGES
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.pages import can_read_pages
from app.sources.parser import FeedParser
from app.sources.robots import Robots
from schemas.article import MAX_RAW_BYTES

_ENOUGH: Final = 600  # characters that a feed gives: beyond, a page adds little
_MOST_PAGES: Final = 20  # of one poll: the backlog of a new source is not fetched whole


class FullText:
    """Fetches pages where robots.txt allows it, within the limits that hold for feeds of the same host."""

    def __init__(self, http: HttpClient, parser: FeedParser, hosts: Hosts, user_agent: str) -> None:
        if not can_read_pages():
            raise ConfigurationError("GEONEWS_FETCH_TEXT needs trafilatura: pip install 'geonews[fulltext]'")
        self._http, self._parser, self._hosts = http, parser, hosts
        self._robots = Robots(http, user_agent)

    async def added(self, articles: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """The articles, the newest of those that lack a text with it, in their order; what fails stays as it is."""
        lacking = [number for number, (_, value) in enumerate(articles) if _lacks_text(value)][-_MOST_PAGES:]
        texts = await asyncio.gather(*(self._text(articles[number][0]) for number in lacking))
        filled = list(articles)
        for number, text in zip(lacking, texts, strict=True):
            url, value = articles[number]
            if text and len(longer := orjson.dumps(orjson.loads(value) | {"text": text})) <= MAX_RAW_BYTES:
                filled[number] = (url, longer)
        return filled

    async def _text(self, url: str) -> str | None:
        try:
            async with self._hosts.turn(url):
                if not await self._robots.allows(url):
                    PAGES.labels("not_allowed").inc()
                    return None
                page = await self._http.fetch(url)
            if page is None or "html" not in page.content_type.lower():
                PAGES.labels("no_page").inc()
                return None
            text = await self._parser.text_of(page.body, url=page.url, content_type=page.content_type)
        except SourceError as error:
            if isinstance(error, FetchFailed) and error.retry_after:
                self._hosts.hold(url, error.retry_after)
            PAGES.labels("failed").inc()
            return None
        PAGES.labels("text" if text else "no_text").inc()
        return text


def _lacks_text(value: bytes) -> bool:
    article = orjson.loads(value)
    return len(article.get("text") or "") + len(article.get("summary") or "") < _ENOUGH
