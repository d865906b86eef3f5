"""validate: an untrusted Kafka record becomes an Article, or is rejected with the reason."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from ada_url import normalize_url
from pydantic import ValidationError

from app.classification.base import Document
from app.steps.identity import article_keys, canonical_url, url_key
from app.steps.plain_text import plain_text
from app.steps.records import Article, DateSource, Inbound, Publisher
from app.steps.rejected import Rejected
from schemas.article import MAX_RAW_BYTES, RawArticle, SourceRef
from schemas.dead_letter import Reason, Stage

MAX_TITLE_CHARS: Final = 1000
# What an article says of its publisher goes into its event as it stands, so it must not be without bounds.
MAX_NAME_CHARS: Final = 200
_MAX_MESSAGE_CHARS: Final = 500
_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.ASCII)


def validate(record: Inbound) -> Article:
    """The article in `record`: plain text, canonical URL, identities. Raises Rejected, with a reason."""
    raw = _parse(record.value)
    try:
        canonical = canonical_url(raw.url)
    except ValueError as error:
        raise _rejected(Reason.INVALID_URL, f"url: {error}", error) from error
    document = _document(raw)
    body = document.text or document.summary
    article_id, content_key = article_keys(canonical, document.title, body)
    published_at, published_at_source = _published_at(raw, record.timestamp)
    return Article(
        id=article_id,
        url=normalize_url(raw.url),  # as a browser would open it: nothing invisible, no line breaks
        canonical_url=canonical,
        url_key=url_key(canonical),
        content_key=content_key,
        document=document,
        published_at=published_at,
        published_at_source=published_at_source,
        publisher=_publisher(raw, canonical),
        authors=tuple(raw.authors or ()),
        categories=tuple(raw.categories or ()),
        date_problem=raw.date_problem,
    )


def _parse(value: bytes | None) -> RawArticle:
    if not value:
        raise Rejected(Stage.VALIDATE, Reason.EMPTY_VALUE, "the record has no value")
    if len(value) > MAX_RAW_BYTES:
        raise Rejected(Stage.VALIDATE, Reason.TOO_LARGE, f"{len(value)} bytes; at most {MAX_RAW_BYTES} are accepted")
    data = _load(value)
    if not isinstance(data, dict):
        raise Rejected(Stage.VALIDATE, Reason.NOT_AN_OBJECT, f"a JSON object is wanted, not {type(data).__name__}")
    try:
        return RawArticle.model_validate(data)
    except ValidationError as error:
        raise _rejected(Reason.INVALID_FIELD, _problems(error), error) from error


def _load(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as not_utf8:
            raise _rejected(Reason.NOT_UTF8, str(not_utf8), not_utf8) from not_utf8
        raise _rejected(Reason.NOT_JSON, str(error), error) from error


def _rejected(reason: Reason, message: str, error: Exception) -> Rejected:
    return Rejected(Stage.VALIDATE, reason, message[:_MAX_MESSAGE_CHARS], type(error).__name__)


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'article'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _document(raw: RawArticle) -> Document:
    document = Document(
        title=plain_text(raw.title or "")[:MAX_TITLE_CHARS],
        summary=plain_text(raw.summary or ""),
        text=plain_text(raw.text or ""),
        language=raw.language.replace("_", "-") if raw.language else None,
    )
    if not (document.title or document.summary or document.text):
        raise Rejected(Stage.VALIDATE, Reason.NO_TEXT, "title, text and summary hold markup only")
    return document


def _published_at(raw: RawArticle, received_ms: int) -> tuple[datetime, DateSource]:
    """When the article appeared, in UTC: as it says itself, else when it was fetched, else when Kafka received it."""
    for moment, source in ((raw.published_at, "article"), (raw.fetched_at, "fetched")):
        if moment is not None:
            try:
                return moment.astimezone(UTC), "article" if source == "article" else "fetched"
            except OverflowError:  # year 1 or 9999 with an offset that leaves the calendar
                continue
    try:
        return datetime.fromtimestamp(max(0, received_ms) / 1000, UTC), "received"
    except (OverflowError, ValueError):
        return datetime.fromtimestamp(0, UTC), "received"


def _publisher(raw: RawArticle, canonical: str) -> Publisher:
    host = canonical.split("/", 3)[2]
    given = SourceRef(name=raw.source) if isinstance(raw.source, str) else raw.source or SourceRef()
    domain = (given.domain or "").lower()
    domain = domain if _DOMAIN.fullmatch(domain) else host
    country = (given.country or "").upper()
    return Publisher(
        id=plain_text(given.id or "")[:MAX_NAME_CHARS] or domain,
        name=plain_text(given.name or "")[:MAX_NAME_CHARS] or domain,
        domain=domain,
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else None,
    )
