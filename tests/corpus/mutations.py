"""Articles that chance has spoiled: odd fields, damaged bytes, odd keys and headers; one seed, one outcome."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.corpus.ugly import DECORATIONS, FIELDS, MOMENTS, ODD_VALUES, TEXT, TITLE, URLS, article, dumps
from tests.kafka_tools import Put

_SPLICES = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b",",
    b"NaN",
    b"1e999",
    b"\xe2\x80\xae",
    b"",
)
_HOSTS = ("hostile.example", "www.hostile.example", "m.hostile.example", "hostile.example.", "u:p@hostile.example:443")
_TAILS = ("", "/", "?utm_source=x", "/amp", "#x", "?b=1&a=2", "?a=2&b=1", "/index.html", "\n", "%00", "?q=<b>")
_SMALL_ODD = tuple(value for value in ODD_VALUES if len(str(value)) < 100)
_SMALL_URLS = tuple(url for url in URLS if len(url) < 3000)
_PLAIN = (TITLE, TEXT, "Village bakery bakes bread", "Missile strike on Kharkiv, Ukraine", "")


def mutated(count: int, seed: int) -> Iterator[Put]:
    """`count` records for the four partitions of a test's raw topic."""
    chance = Random(seed)
    for _ in range(count):
        yield Put(
            _value(chance),
            key=chance.choice([None, b"", chance.randbytes(chance.randrange(1, 9))]),
            headers=_headers(chance),
            partition=chance.randrange(4),
            timestamp_ms=chance.choice([None, None, None, 0, 1, 1_600_000_000_000]),
        )


def _value(chance: Random) -> bytes:
    # Few enough addresses that many articles are updates and duplicates of others.
    url = f"https://{chance.choice(_HOSTS)}/m/{chance.randrange(3000)}{chance.choice(_TAILS)}"
    fields: dict[str, Any] = {"url": url}
    for name in ("title", "text", "summary"):
        if chance.random() < 0.6:
            fields[name] = _text(chance)
    if chance.random() < 0.3:
        fields["published_at"] = chance.choice(MOMENTS[:6])
    if chance.random() < 0.3:
        fields["source"] = {name: _text(chance) for name in ("id", "name", "domain", "country")}
    if chance.random() < 0.2:
        fields[chance.choice(FIELDS)] = chance.choice(_SMALL_ODD + _SMALL_URLS + MOMENTS)
    whole = article(chance.randrange(3000), **fields)
    value = dumps(whole) if chance.random() < 0.5 else _utf8(whole)
    return _damaged(value, chance) if chance.random() < 0.25 else value


def _text(chance: Random) -> str:
    parts = [chance.choice(_PLAIN)]
    for _ in range(chance.randrange(3)):
        parts.insert(chance.randrange(2), chance.choice(DECORATIONS))
    if chance.random() < 0.3:
        parts.append("".join(chr(chance.randrange(1, 0x2FFF)) for _ in range(chance.randrange(20))))
    return " ".join(parts)


def _damaged(value: bytes, chance: Random) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(value) + 1)
        value = value[:at] + chance.choice(_SPLICES) + value[at + chance.randrange(8) :]
    return value[: chance.randrange(len(value) + 1)] if chance.random() < 0.2 else value


def _headers(chance: Random) -> list[tuple[str, bytes]]:
    names = ("", "traceparent", "geonews.error.stage", "geonews.rekeyed-from", "ce_id", "ü" * 50, "\0", "x" * 300)
    return [(chance.choice(names), chance.randbytes(chance.randrange(5))) for _ in range(chance.randrange(3))]


def _utf8(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
