"""One poll of one source: what it fetched becomes new articles, and changes what is remembered of the source."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from app.errors import FetchFailed, SourceError
from app.sources.catalogue import CatalogueSource
from app.sources.dates import judged
from app.sources.fields import Entry, Feed
from app.sources.http import Fetched, HttpClient
from app.sources.parser import FeedParser
from app.sources.rhythm import jittered, next_interval, retry_in
from app.sources.state import SourceState
from schemas.article import MAX_RAW_BYTES

_MOST_ENTRIES: Final = 5000
_MOST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds of the time between two polls of a source, in seconds."""

    least: float
    most: float


@dataclass(slots=True)
class Polled:
    """What a poll brought: articles as (URL, RawArticle in JSON), oldest first. `urgent`: keep the state at once."""

    articles: list[tuple[str, bytes]] = field(default_factory=list)
    urgent: bool = False
    retry_after: float | None = None


async def poll(
    source: CatalogueSource, state: SourceState, http: HttpClient, parser: FeedParser, pace: Pace, now: float
) -> Polled:
    """Fetch a source and change its `state`; failures end up in the state, none is raised."""
    state.attempted_at = now
    try:
        fetched = await http.fetch(state.address, state.validators)
        polled = Polled() if fetched is None else await _read(source, state, fetched, parser, now)
    except SourceError as error:
        return _failed(state, error, pace, now)
    polled.urgent = bool(polled.articles) or state.failures > 0
    state.failures, state.problem, state.detail = 0, None, None
    state.succeeded_at = now
    state.record.note(len(polled.articles), now)
    state.interval = next_interval(state.interval, news=bool(polled.articles), least=pace.least, most=pace.most)
    state.next_at = now + jittered(state.interval)
    return polled


def _failed(state: SourceState, error: SourceError, pace: Pace, now: float) -> Polled:
    state.failures += 1
    state.problem = error.reason if isinstance(error, FetchFailed) else "not_a_feed"
    state.detail = str(error)[:_MOST_DETAIL]
    state.gone = state.problem == "gone"
    asked = error.retry_after if isinstance(error, FetchFailed) else None
    state.next_at = now + retry_in(state.failures - 1, pace.least, asked)
    return Polled(urgent=state.failures == 1, retry_after=asked)


async def _read(
    source: CatalogueSource, state: SourceState, fetched: Fetched, parser: FeedParser, now: float
) -> Polled:
    digest = hashlib.blake2b(fetched.body, digest_size=8).hexdigest()
    if digest == state.body:
        _moved(state, fetched)
        return Polled()
    feed = await parser.parse(
        fetched.body, url=fetched.url, content_type=fetched.content_type, language=fetched.language
    )
    _moved(state, fetched)
    state.body = digest
    state.entries, state.without_address = len(feed.entries), feed.skipped
    return Polled(_articles(source, state, feed, now))


def _moved(state: SourceState, fetched: Fetched) -> None:
    state.address = fetched.moved_to or state.address
    state.etag, state.last_modified = fetched.validators.etag, fetched.validators.last_modified


def _articles(source: CatalogueSource, state: SourceState, feed: Feed, now: float) -> list[tuple[str, bytes]]:
    articles = []
    state.future_dates = state.old_dates = 0
    for entry in state.fresh(feed.entries[:_MOST_ENTRIES]):
        article = _article(source, entry, now)
        article, problem = judged(article, now)
        state.future_dates += problem == "future"
        state.old_dates += problem == "old"
        value = orjson.dumps(article)
        if len(value) > MAX_RAW_BYTES:  # title and lead are worth having without the rest
            value = orjson.dumps(article | {"text": None, "categories": None})
        if len(value) <= MAX_RAW_BYTES:
            articles.append((article["url"], value))
    return articles


def _article(source: CatalogueSource, entry: Entry, now: float) -> dict[str, Any]:
    """The entry with what the catalogue knows better than the feed's template: publisher and language."""
    language = str(entry.article.get("language") or "")
    if language.lower().replace("_", "-").partition("-")[0] != source.language:
        language = source.language
    return entry.article | {
        "language": language,
        "source": {"id": source.id, "name": source.name, "domain": source.domain, "country": source.country},
        "fetched_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
