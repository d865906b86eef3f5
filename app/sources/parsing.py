"""Feeds to articles: RSS, Atom and RDF by feedparser, JSON Feed by `app.sources.jsonfeed`."""

import calendar
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser

from app.errors import SourceError
from app.sources import jsonfeed
from app.sources.dates import is_ours, parse_date
from app.sources.decoding import decode, with_valid_references, without_doctype
from app.sources.fields import Entry, Feed, domain_of, language_tag, rfc3339, web_address


def parse(body: bytes, *, url: str, content_type: str = "", language: str | None = None) -> Feed:
    """Parse a feed of any kind; `url` is where it was found, `language` what HTTP said of it.

    Slow (about 0.2 ms an entry), and far slower for hostile input: `app.sources.parser` keeps it apart. Raises
    SourceError for what is no feed.
    """
    text = decode(body, content_type)
    if text.lstrip()[:1] in ("{", "["):
        return jsonfeed.parse(text, url=url)
    try:
        return _from_xml(without_doctype(with_valid_references(text)), url, language)
    except SourceError as error:
        raise SourceError(f"{url} {error}") from error


def _from_xml(text: str, url: str, language: str | None) -> Feed:
    headers = {"content-location": url, "content-type": "application/xml; charset=utf-8"}
    # a stream, not the bytes: feedparser would take bytes for a file name first. HTML is left as it is: the pipeline
    # reduces it to text, and cleaning it here would be most of the time.
    parsed = feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        raise SourceError(f"is not a feed{_because(parsed, text)}")
    site = parsed.feed
    language = language_tag(site.get("language")) or language_tag(language)
    source = {"name": site.get("title") or None, "domain": domain_of(site.get("link")) or domain_of(url)}
    entries = [_entry(entry, url, language, source) for entry in parsed.entries]
    return Feed([entry for entry in entries if entry], skipped=entries.count(None))


def _entry(entry: Any, url: str, language: str | None, source: dict[str, str | None]) -> Entry | None:
    """One entry as an article; None where it has no address."""
    link = web_address(entry.get("feedburner_origlink") or entry.get("link") or entry.get("id"), url)
    if link is None:
        return None
    summary = entry.get("summary")
    content = max((part.get("value") or "" for part in entry.get("content", ())), key=len, default="")
    article = {
        "url": link,
        "title": entry.get("title"),
        "summary": summary,
        "text": content if content != summary else None,
        "published_at": _published(entry),
        "language": language_tag(entry.get("dc_language")) or _detail_language(entry) or language,
        "authors": _names(entry),
        "categories": [tag["term"] for tag in entry.get("tags", ()) if tag.get("term")],
        "image_url": web_address(_image(entry), url),
        "source": _publisher(entry) or source,
    }
    identity = str(entry.get("id") or link)
    return Entry(_digest(identity), {name: value for name, value in article.items() if value})


def _published(entry: Any) -> str | None:
    """When it was published, or else updated; what feedparser cannot read, or reads in the wrong zone, we read."""
    for name in ("published", "updated"):
        said = dict.get(entry, name)
        parsed = dict.get(entry, f"{name}_parsed")
        if isinstance(said, str) and (not parsed or is_ours(said)):
            moment = parse_date(said)
            at = rfc3339(moment) if moment else None
        else:
            at = _moment(parsed)
        if at:
            return at
    return None


def _moment(parsed: Any) -> str | None:
    """A struct_time in UTC, as RFC 3339."""
    try:
        return rfc3339(datetime.fromtimestamp(calendar.timegm(parsed), UTC)) if parsed else None
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def _detail_language(entry: Any) -> str | None:
    """xml:lang of the title, where an entry is in another language than its feed."""
    detail = entry.get("title_detail") or {}
    return language_tag(detail.get("language"))


def _names(entry: Any) -> list[str]:
    names = [author.get("name") for author in entry.get("authors", ())] or [entry.get("author")]
    return [name for name in names if name]


def _image(entry: Any) -> str | None:
    for thumbnail in entry.get("media_thumbnail", ()):
        if thumbnail.get("url"):
            return str(thumbnail["url"])
    for medium in [*entry.get("media_content", ()), *entry.get("enclosures", ())]:
        address = medium.get("url") or medium.get("href")
        if address and (medium.get("medium") == "image" or str(medium.get("type", "")).startswith("image/")):
            return str(address)
    return None


def _publisher(entry: Any) -> dict[str, str | None] | None:
    """The publisher that an aggregator's entry names, in place of the aggregator."""
    origin: Mapping[str, Any] = entry.get("source") or {}
    name, domain = origin.get("title"), domain_of(origin.get("href") or origin.get("link"))
    return {"name": name, "domain": domain} if name and domain else None


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=16).digest()


def _because(parsed: Any, text: str) -> str:
    if "<html" in text[:1000].lower():
        return ": it is a web page"
    problem = parsed.get("bozo_exception")
    return f": {problem}" if problem else ""
