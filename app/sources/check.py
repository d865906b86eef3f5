"""Asks every feed of a catalogue once whether it still answers, and with what."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.errors import FetchFailed, SourceError
from app.settings import Settings
from app.sources.catalogue import CatalogueSource
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.parser import FeedParser


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one feed; `problem` is a slug, None for a feed that is well."""

    source: CatalogueSource
    entries: int = 0
    newest: datetime | None = None
    moved_to: str | None = None
    problem: str | None = None
    detail: str | None = None


async def check_all(
    sources: Sequence[CatalogueSource], settings: Settings, http: HttpClient, parser: FeedParser
) -> AsyncIterator[Checked]:
    """Each source's result, as it comes."""
    hosts = Hosts(settings.host_concurrency, settings.source_concurrency)

    async def one(source: CatalogueSource) -> Checked:
        async with hosts.turn(source.url):
            return await _check(source, http, parser)

    tasks = [asyncio.create_task(one(source)) for source in sources]
    try:
        for next_one in asyncio.as_completed(tasks):
            yield await next_one
    finally:
        for task in tasks:
            task.cancel()


async def _check(source: CatalogueSource, http: HttpClient, parser: FeedParser) -> Checked:
    try:
        fetched = await http.fetch(source.url)
        if fetched is None:
            return Checked(source, problem="empty", detail=f"{source.url} is empty")
        feed = await parser.parse(fetched.body, url=fetched.url, content_type=fetched.content_type)
    except SourceError as error:
        return Checked(
            source, problem=error.reason if isinstance(error, FetchFailed) else "not_a_feed", detail=str(error)
        )
    if not feed.entries:
        return Checked(source, problem="empty", detail=f"{source.url} holds no entries")
    dates = [datetime.fromisoformat(at) for entry in feed.entries if (at := entry.article.get("published_at"))]
    newest = max((date for date in dates if date <= datetime.now(UTC)), default=None)
    return Checked(source, len(feed.entries), newest, fetched.moved_to)
