"""The feed source: polls one feed, politely, and yields each of its entries once."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial
from typing import Final

import orjson
import structlog

from app.errors import FetchFailed, SourceError
from app.sources.backoff import Backoff
from app.sources.base import Item
from app.sources.fields import Entry, Feed
from app.sources.http import HttpClient, Validators
from app.sources.parser import FeedParser

_log = structlog.get_logger(__name__)
_MOST_SEEN: Final = 5000


class FeedSource:
    """One feed, polled every `interval` seconds (a tenth more or less), or `once`.

    Entries are remembered once Kafka has them, the newest 5,000 and always those that the feed still holds. A feed
    that cannot be fetched or parsed is tried again later and later; one that is gone for good (410) ends the source.
    """

    kind = "feed"

    def __init__(
        self,
        url: str,
        http: HttpClient,
        parser: FeedParser,
        *,
        interval: float = 300.0,
        once: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = url
        self.address = url  # follows the feed when it moves for good
        self._http = http
        self._parser = parser
        self._interval = interval
        self._once = once
        self._backoff = backoff or Backoff(base=min(30.0, interval), cap=6 * 3600.0)
        self._validators: Validators | None = None
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._waiting: set[bytes] = set()  # yielded, and not acknowledged yet

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield new entries, oldest first, poll after poll. With `once`, raises SourceError when the poll fails."""
        if self._waiting:  # whoever iterated before us lost these: fetch them again
            self._waiting.clear()
            self._validators = None
        while True:
            fresh: list[Entry] = []
            try:
                fresh = await self._poll()
                self._backoff.reset()
                wait = self._interval * random.uniform(0.9, 1.1)
            except SourceError as error:
                if self._once or getattr(error, "reason", None) == "gone":
                    raise
                wait = self._backoff.next(error.retry_after if isinstance(error, FetchFailed) else None)
                _log.warning("feed failed", feed=self.name, why=str(error), again_in_seconds=round(wait))
            for entry in fresh:
                self._waiting.add(entry.identity)
                yield self._item(entry)
            if self._once:
                return
            await asyncio.sleep(wait)

    async def _poll(self) -> list[Entry]:
        fetched = await self._http.fetch(self.address, self._validators)
        if fetched is None:
            return []
        feed = await self._parser.parse(
            fetched.body, url=fetched.url, content_type=fetched.content_type, language=fetched.language
        )
        if fetched.moved_to and fetched.moved_to != self.address:
            _log.info("feed has moved", feed=self.name, to=fetched.moved_to)
            self.address = fetched.moved_to
        self._validators = fetched.validators
        fresh = self._fresh(feed)
        _log.debug(
            "feed polled", feed=self.name, entries=len(feed.entries), new=len(fresh), without_address=feed.skipped
        )
        return fresh

    def _fresh(self, feed: Feed) -> list[Entry]:
        """Entries that were never yielded, oldest first; forgets the oldest seen ones beyond the bound."""
        fresh: dict[bytes, Entry] = {}
        for entry in reversed(feed.entries):
            if entry.identity in self._seen:
                self._seen.move_to_end(entry.identity)
            elif entry.identity not in self._waiting:
                fresh.setdefault(entry.identity, entry)
        while len(self._seen) > max(_MOST_SEEN, len(feed.entries)):
            self._seen.popitem(last=False)
        return list(fresh.values())

    def _item(self, entry: Entry) -> Item:
        fetched_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Item(
            orjson.dumps(entry.article | {"fetched_at": fetched_at}),
            entry.article["url"],
            partial(self._acknowledged, entry.identity),
        )

    def _acknowledged(self, identity: bytes) -> None:
        self._waiting.discard(identity)
        self._seen[identity] = None
