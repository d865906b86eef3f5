"""The files source: articles from JSON Lines, one a line, sent byte for byte."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from app.errors import SourceError
from app.sources.base import Item
from app.sources.lines import STDIN, read_lines


class FileSource:
    """One file of articles, or standard input (`-`).

    `rate` is the most articles a second (0: no limit), `limit` the most articles in all (0: no limit), `loop` starts
    over at the end, `now` sets `published_at` and `fetched_at` to the moment of sending.
    """

    kind = "file"

    def __init__(self, path: Path, *, rate: float = 0.0, limit: int = 0, loop: bool = False, now: bool = False) -> None:
        self.name = "standard input" if path == STDIN else str(path)
        self.bytes_read = 0
        self._bytes_taken = 0
        self._path = path
        self._pace = _Pace(rate)
        self._limit = limit
        self._loop = loop
        self._now = now

    def check(self) -> None:
        """Raise SourceError where it is plain from the start that nothing can be read."""
        if self._path == STDIN:
            if self._loop:
                raise SourceError("standard input cannot be read again: --loop needs a file")
        elif not self._path.exists():
            raise SourceError(f"{self._path} does not exist")
        elif self._path.is_dir():
            raise SourceError(f"{self._path} is a directory: name a JSON Lines file")

    @property
    def bytes_done(self) -> int:
        """How far into the file, in its own bytes; a compressed file is ahead by what is read but not sent yet."""
        return min(self.bytes_read, self._bytes_taken)

    @property
    def total_bytes(self) -> int | None:
        """Size of the file, where there is one to know."""
        if self._loop or not self._path.is_file():
            return None
        return self._path.stat().st_size

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield the lines. Raises SourceError when the file cannot be read."""
        self.check()
        count = 0
        while True:
            before = count
            async with aclosing(read_lines(self._path, self._count_bytes)) as lines:
                async for line in lines:
                    await self._pace.wait()
                    self._bytes_taken += len(line) + 1
                    yield self._item(line)
                    count += 1
                    if count == self._limit:
                        return
            if not self._loop:
                return
            if count == before:
                raise SourceError(f"{self.name} holds no articles to loop over")

    def _item(self, line: bytes) -> Item:
        article = _parsed(line)
        if article is None:
            return Item(line)
        url = article.get("url")
        if self._now:
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            line = orjson.dumps(article | {"published_at": stamp, "fetched_at": stamp})
        return Item(line, url if isinstance(url, str) else None)

    def _count_bytes(self, read: int) -> None:
        self.bytes_read += read


class _Pace:
    """Lets at most `rate` through a second, evenly; after a stall it does not rush to catch up."""

    def __init__(self, rate: float) -> None:
        self._gap = 1.0 / rate if rate else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        if not self._gap:
            return
        now = time.monotonic()
        # a tenth of a second may be caught up: a sleep is never exact, and the rate must still hold on average
        self._next = max(self._next, now - 0.1)
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self._next += self._gap


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        article = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return article if isinstance(article, dict) else None
