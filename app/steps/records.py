"""The plain values that travel between steps."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.classification.base import Document

DateSource = Literal["article", "fetched", "received"]
DateProblem = Literal["future", "old"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One Kafka record as it was read: nothing in it is trusted. `timestamp` is in ms since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who published an article, as far as the article itself says; `domain` is never empty."""

    id: str
    name: str
    domain: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Article:
    """A valid article: plain text (no markup), canonical URL, identities. Times are UTC.

    `url_key` identifies the canonical URL, `content_key` the normalised text (16 bytes each); `id` both, in hex.
    """

    id: str
    url: str
    canonical_url: str
    url_key: bytes
    content_key: bytes
    document: Document
    published_at: datetime
    published_at_source: DateSource
    publisher: Publisher
    authors: tuple[str, ...] = field(default=())
    categories: tuple[str, ...] = field(default=())
    date_problem: DateProblem | None = None
