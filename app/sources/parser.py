"""Parses feeds and pages in a process of its own, which a hostile one may hang or fill without harm to anything else.

Some inputs make feed parsers take time that grows with the square of their size, inside C code that holds the
interpreter's lock: in a thread, one feed of a few megabytes would stop the whole worker for an hour.
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import Any, Final, Self

import orjson

from app.errors import SourceError
from app.sources.fields import Entry, Feed

PARSE_SECONDS: Final = 30  # a real feed of 16 MiB takes about half of it
_LENGTH: Final = 4


class FeedParser:
    """One child process, started when first needed and again after it died; feeds are parsed one after another."""

    def __init__(self, *, seconds: int = PARSE_SECONDS) -> None:
        self._seconds = seconds
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def parse(self, body: bytes, *, url: str, content_type: str = "", language: str | None = None) -> Feed:
        """What `app.sources.parsing.parse` gives. Raises SourceError for what is no feed, or takes too long."""
        answer = await self._answer({"url": url, "type": content_type, "language": language}, body)
        entries = [Entry(bytes.fromhex(identity), article) for identity, article in answer["entries"]]
        return Feed(entries, answer["skipped"])

    async def text_of(self, page: bytes, *, url: str, content_type: str = "") -> str | None:
        """The article's text in a web page, None where there is none. Raises SourceError when it takes too long."""
        answer = await self._answer({"what": "page", "url": url, "type": content_type}, page)
        text: str | None = answer["text"]
        return text

    async def article_of(self, page: bytes, *, url: str, content_type: str = "") -> dict[str, Any]:
        """What a web page says of its article, as fields of a RawArticle. Raises SourceError when it takes too long."""
        answer = await self._answer({"what": "article", "url": url, "type": content_type}, page)
        article: dict[str, Any] = answer["article"]
        return article

    async def _answer(self, head: dict[str, str | None], body: bytes) -> dict[str, Any]:
        url = head["url"]
        async with self._turn:
            try:
                answer: dict[str, Any] = orjson.loads(await self._ask(head, body))
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                await self._end()
                raise SourceError(f"{url} cannot be parsed in {self._seconds} s or in 1 GiB of memory") from error
            except BaseException:  # cancelled between question and answer: the next one must not read this answer
                await self._end()
                raise
        if "error" in answer:
            raise SourceError(answer["error"])
        return answer

    async def _ask(self, head: dict[str, str | None], body: bytes) -> bytes:
        child = self._child
        if child is None or child.returncode is not None:
            child = self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "app.sources.parser_child", str(self._seconds), stdin=PIPE, stdout=PIPE
            )
        if child.stdin is None or child.stdout is None:
            raise SourceError("the feed parser has no pipes")
        for part in (orjson.dumps(head), body):
            child.stdin.write(len(part).to_bytes(_LENGTH, "big") + part)
        await child.stdin.drain()
        size = int.from_bytes(await child.stdout.readexactly(_LENGTH), "big")
        return await child.stdout.readexactly(size)

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
