"""dedupe: is this article new, an update of one that we know, or one that we have had already?"""

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

from app.steps.memory import Entry, Pending
from app.steps.records import Article

_SEEN: Final = struct.Struct(">16s16sI")
SEEN_BYTES: Final = _SEEN.size
CLAIM_BYTES: Final = 16
_NO_EVENT: Final = bytes(16)


class Novelty(Enum):
    """What the memory says of an article."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Version:
    """Where an event stands in the chain of its URL's versions; `supersedes` is the id of the one before."""

    number: int
    supersedes: str | None


def dedupe_by_url(article: Article, seen: Pending, now_ms: int) -> Novelty:
    """Compare with what was last seen at this URL, and remember this text for it.

    The same text is a duplicate; another text is an update and keeps the URL's chain of versions.
    """
    known = seen.get(article.url_key)
    if known is None:
        seen.put(Entry(article.url_key, _SEEN.pack(article.content_key, _NO_EVENT, 0), now_ms))
        return Novelty.NEW
    content_key, event, version = _SEEN.unpack(known)
    if content_key == article.content_key:
        seen.refresh(Entry(article.url_key, known, now_ms))
        return Novelty.DUPLICATE
    seen.put(Entry(article.url_key, _SEEN.pack(article.content_key, event, version), now_ms))
    return Novelty.UPDATED


def dedupe_again(article: Article, seen: Pending, now_ms: int) -> Novelty:
    """The same for an article that is sent back because it should have been relevant.

    New when its URL is forgotten, or still has this text and no event of it; else a duplicate, and nothing is changed:
    an older text never takes the place of a newer one.
    """
    known = seen.get(article.url_key)
    if known is None:
        return dedupe_by_url(article, seen, now_ms)
    content_key, event, _ = _SEEN.unpack(known)
    again = content_key == article.content_key and event != bytes.fromhex(article.id)
    return Novelty.NEW if again else Novelty.DUPLICATE


def next_version(article: Article, seen: Pending, now_ms: int) -> Version:
    """The version that this relevant article is of its URL's event, remembered as the newest.

    Only relevant texts count: the first relevant one is version 1. Call after `dedupe_by_url`, in order of arrival.
    """
    known = seen.get(article.url_key)
    content_key, event, version = _SEEN.unpack(known) if known else (article.content_key, _NO_EVENT, 0)
    number = version + 1
    seen.put(Entry(article.url_key, _SEEN.pack(content_key, bytes.fromhex(article.id), number), now_ms))
    return Version(number, None if event == _NO_EVENT else event.hex())


def dedupe_by_content(content_key: bytes, event_id: str, claims: Pending, now_ms: int) -> Novelty:
    """Whether an event with this very text was published already, from whatever address; if not, claim the text."""
    known = claims.get(content_key)
    if known is None:
        claims.put(Entry(content_key, bytes.fromhex(event_id), now_ms))
        return Novelty.NEW
    claims.refresh(Entry(content_key, known, now_ms))
    return Novelty.DUPLICATE
