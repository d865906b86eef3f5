"""Fields of an article as feeds write them, in the forms that the contract asks for; None where they do not fit."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*", re.ASCII)
_FIRST_FEEDS: Final = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `identity` (16 bytes) tells it from the feed's others, `article` is a RawArticle."""

    identity: bytes
    article: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed held when it was fetched; `skipped` entries had no address of their own."""

    entries: list[Entry]
    skipped: int = 0


def language_tag(value: object) -> str | None:
    """A language tag (BCP 47) as it was given, None for anything else: a wrong one would cost the whole article."""
    tag = value.strip() if isinstance(value, str) else ""
    return tag if _LANGUAGE.fullmatch(tag) else None


def domain_of(address: object) -> str | None:
    """Host of an address without its "www."."""
    try:
        host = urlsplit(address).hostname if isinstance(address, str) else None
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def web_address(address: object, base: str) -> str | None:
    """An http or https address, made absolute against where it was found."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        absolute = urljoin(base, address.strip())
        parts = urlsplit(absolute)
    except ValueError:
        return None
    return absolute if parts.scheme in ("http", "https") and parts.netloc else None


def rfc3339(moment: datetime) -> str | None:
    """RFC 3339 in UTC; None for times before there were feeds, which are defaults that somebody forgot to fill in."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment >= _FIRST_FEEDS else None
