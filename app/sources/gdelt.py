"""The GDELT source: articles that the GDELT project has seen, by a query of its DOC API or all in its 15-minute files.

GDELT gives address, title, time, image, language and publisher, but no text.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from app.errors import SourceError
from app.sources.base import Item
from app.sources.decoding import decode
from app.sources.gdelt_files import articles_of, newest_file
from app.sources.gdelt_names import country_code, language_code
from app.sources.http import Fetched, HttpClient

DOC_API: Final = "https://api.gdeltproject.org/api/v2/doc/doc"
FILES: Final = "http://data.gdeltproject.org/gdeltv2/lastupdate.txt"
TRANSLATED_FILES: Final = "http://data.gdeltproject.org/gdeltv2/lastupdate-translation.txt"
_MOST_RECORDS: Final = 250  # more the API does not give
_MOST_SEEN: Final = 50_000


class GdeltSource:
    """Articles of a DOC API `query` or, without one, of each new file named at `files`; polled until cancelled.

    Addresses are remembered once Kafka has them, the newest 50,000; what is sent again after a restart is
    de-duplicated downstream.
    """

    kind = "gdelt"

    def __init__(
        self,
        http: HttpClient,
        *,
        query: str | None = None,
        files: str = FILES,
        api: str = DOC_API,
        interval: float = 900.0,
        once: bool = False,
    ) -> None:
        self.name = f"GDELT: {query}" if query else f"GDELT files: {files}"
        self._http = http
        self._query = query
        self._files = files
        self._api = api
        self._interval = interval
        self._once = once
        self._read_file: str | None = None
        self._unsent = 0
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield what is new, poll after poll. Raises SourceError when GDELT does not answer, or not with articles."""
        if self._unsent:  # whoever iterated before us lost these
            self._read_file, self._unsent = None, 0
        while True:
            for article in await self._poll():
                key = blake2b(article["url"].encode("utf-8", "replace"), digest_size=8).digest()
                if key not in self._seen:
                    self._unsent += 1
                    yield Item(orjson.dumps(article), article["url"], partial(self._acknowledged, key))
            if self._once:
                return
            await asyncio.sleep(self._interval)

    async def _poll(self) -> list[dict[str, Any]]:
        return await (self._ask(self._query) if self._query else self._newest())

    async def _ask(self, query: str) -> list[dict[str, Any]]:
        minutes = max(15, int(2 * self._interval / 60))  # twice the interval: what came late is not missed
        asked = {"query": query, "mode": "artlist", "format": "json", "sort": "datedesc", "maxrecords": _MOST_RECORDS}
        page = await self._page(f"{self._api}?{urlencode(asked | {'timespan': f'{minutes}min'})}")
        text = decode(page.body, page.content_type)
        try:
            answer = orjson.loads(text) if text.strip() else {}
        except orjson.JSONDecodeError as error:
            raise SourceError(f"GDELT does not take the query {query!r}: {' '.join(text.split())[:200]}") from error
        found = answer.get("articles", []) if isinstance(answer, dict) else []
        articles = (_from_api(one) for one in found if isinstance(one, dict))
        return [article for article in reversed(list(articles)) if article]

    async def _newest(self) -> list[dict[str, Any]]:
        listing = await self._page(self._files)
        address = newest_file(decode(listing.body, listing.content_type))
        if address is None:
            raise SourceError(f"{self._files} names no GKG file")
        if address == self._read_file:
            return []
        page = await self._page(address)
        articles = await asyncio.to_thread(articles_of, page.body, address)
        self._read_file = address
        return articles

    async def _page(self, url: str) -> Fetched:
        page = await self._http.fetch(url)
        if page is None:
            raise SourceError(f"{url} is empty")
        return page

    def _acknowledged(self, key: bytes) -> None:
        self._unsent -= 1
        self._seen[key] = None
        while len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)


def _from_api(found: dict[str, Any]) -> dict[str, Any] | None:
    """One record of the DOC API as a RawArticle; None where it lacks an address or a title."""
    url, title = found.get("url"), found.get("title")
    if not (isinstance(url, str) and isinstance(title, str) and url and title.strip()):
        return None
    domain = found.get("domain")
    article = {
        "url": url,
        "title": title,
        "published_at": _seen_at(found.get("seendate")),
        "language": language_code(found.get("language")),
        "image_url": found.get("socialimage") or None,
        "source": {"name": domain, "domain": domain, "country": country_code(found.get("sourcecountry"))},
    }
    return {name: value for name, value in article.items() if value}


def _seen_at(text: object) -> str | None:
    try:
        seen = datetime.strptime(str(text), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return seen.isoformat().replace("+00:00", "Z")
