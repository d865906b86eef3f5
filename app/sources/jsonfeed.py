"""JSON Feed (versions 1 and 1.1) to articles."""

import hashlib
from datetime import datetime
from typing import Any

import orjson

from app.errors import SourceError
from app.sources.dates import parse_date
from app.sources.fields import Entry, Feed, domain_of, language_tag, rfc3339, web_address


def parse(text: str, *, url: str) -> Feed:
    """Parse a JSON Feed found at `url`. Raises SourceError for JSON that is none."""
    try:
        feed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{url} is not valid JSON: {error}") from error
    if not isinstance(feed, dict) or "jsonfeed.org/version/" not in str(feed.get("version")):
        raise SourceError(f"{url} is JSON, but not a JSON Feed")
    source = {"name": _text(feed.get("title")), "domain": domain_of(feed.get("home_page_url")) or domain_of(url)}
    entries = [_entry(item, feed, url, source) for item in _objects(feed.get("items"))]
    return Feed([entry for entry in entries if entry], skipped=entries.count(None))


def _entry(item: dict[str, Any], feed: dict[str, Any], url: str, source: dict[str, str | None]) -> Entry | None:
    link = web_address(item.get("url"), url) or web_address(item.get("external_url"), url)
    if link is None:
        return None
    people = [item, *_objects(item.get("authors")), *_objects([item.get("author")])]
    article = {
        "url": link,
        "title": _text(item.get("title")),
        "summary": _text(item.get("summary")),
        "text": _text(item.get("content_text")) or _text(item.get("content_html")),
        "published_at": _moment(item.get("date_published")) or _moment(item.get("date_modified")),
        "language": language_tag(item.get("language")) or language_tag(feed.get("language")),
        "authors": [name for person in people[1:] if (name := _text(person.get("name")))],
        "categories": [tag for tag in _listed(item.get("tags")) if isinstance(tag, str)],
        "image_url": web_address(item.get("image") or item.get("banner_image"), url),
        "source": source,
    }
    identity = str(item.get("id") or link)
    digest = hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=16).digest()
    return Entry(digest, {name: value for name, value in article.items() if value})


def _moment(value: object) -> str | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        moment = parse_date(value) if isinstance(value, str) else None
    return rfc3339(moment) if moment else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in _listed(value) if isinstance(item, dict)]
