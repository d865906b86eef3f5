"""W3C trace context (traceparent, version 00) in Kafka headers."""

import re
from collections.abc import Iterable
from random import getrandbits
from typing import Final

_VALID: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def origin_of(headers: Iterable[tuple[str, bytes]]) -> str:
    """The traceparent that a record came with, or a new one where it has none that is valid."""
    for name, value in headers:
        if name == "traceparent" and value is not None and _VALID.fullmatch(value):
            return value.decode()
    return f"00-{getrandbits(128) or 1:032x}-{getrandbits(64) or 1:016x}-01"


def next_hop(origin: str) -> str:
    """A traceparent in the same trace with a span id of its own."""
    return f"{origin[:36]}{getrandbits(64) or 1:016x}{origin[52:]}"


def known_trace_id(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """The trace id that a record came with, or None."""
    given = dict(headers).get("traceparent")
    return trace_id(given.decode()) if given is not None and _VALID.fullmatch(given) else None


def trace_id(traceparent: str) -> str:
    """The 32 hex digits that all hops of one article share."""
    return traceparent[3:35]
