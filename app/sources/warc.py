"""The WARC source: articles out of archived web pages, one file after the other, page after page."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from app.errors import ConfigurationError, SourceError
from app.sources.base import Item
from app.sources.pages import can_read_pages
from app.sources.parser import FeedParser

_log = structlog.get_logger(__name__)
_MOST_BYTES: Final = 4 * 1024 * 1024  # of one page


@dataclass(frozen=True, slots=True)
class Page:
    """An archived page; `fetched_at` as the archive says it."""

    url: str
    body: bytes
    content_type: str
    fetched_at: str | None


class WarcSource:
    """The articles of a WARC file's pages: HTML that was answered with 200, and holds a title and a text."""

    kind = "file"

    def __init__(self, path: Path, parser: FeedParser, *, limit: int = 0) -> None:
        if not can_read_pages():
            raise ConfigurationError("WARC files need trafilatura and warcio: pip install 'geonews[fulltext]'")
        self.name = str(path)
        self._path = path
        self._parser = parser
        self._limit = limit

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield the articles. Raises SourceError when the file cannot be read."""
        count = 0
        pages = _pages(self._path)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            try:
                article = await self._parser.article_of(page.body, url=page.url, content_type=page.content_type)
            except SourceError as error:
                _log.warning("page cannot be read", url=page.url, why=str(error))
                continue
            if not (article.get("title") and article.get("text")):
                continue
            yield Item(orjson.dumps(article | {"url": page.url, "fetched_at": page.fetched_at}), page.url)
            count += 1
            if count == self._limit:
                return


def _pages(path: Path) -> Iterator[Page]:
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        is_archive = False
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                is_archive = is_archive or record.format == "warc"
                if page := _page(record):
                    yield page
        if not is_archive:
            raise SourceError(f"{path} is no WARC file: it holds no record")
    except (ArchiveLoadFailed, OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise SourceError(f"{path} is no WARC file that can be read: {why}") from error


def _page(record: Any) -> Page | None:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    if record.rec_type != "response" or record.http_headers is None or not url.startswith(("http://", "https://")):
        return None
    content_type = record.http_headers.get_header("Content-Type") or ""
    if record.http_headers.get_statuscode() != "200" or "html" not in content_type.lower():
        return None
    body = record.content_stream().read(_MOST_BYTES)
    return Page(url, body, content_type, record.rec_headers.get_header("WARC-Date"))
