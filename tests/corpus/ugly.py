"""Ugliness that news streams really meet, or that somebody who wants to stop one would send."""

import json
from collections.abc import Iterator
from typing import Any, Final

MIB: Final = 1024 * 1024
TITLE: Final = "Canada and South Korea sign a free trade agreement on critical minerals"
TEXT: Final = "The two governments signed the memorandum in Ottawa; tariffs on cars and batteries will fall."

# Text that is decorated with these stays relevant, so that they reach an event's title and summary.
DECORATIONS: Final = (
    "\x00",
    "\x1b[31m",
    "\x7f\x85\x9f",
    "\u202egnirts\u202c",
    "\u2066\u2067\u2069",
    "\u061c\u200e\u200f",
    "zero\u200bwidth\u2060\ufeff",
    "می\u200cخواهم",
    "👨\u200d👩\u200d👧\u200d👦🏳️\u200d🌈",
    "🇺🇦🇨🇦",
    "Z" + "\u0300\u0315\u0316\u0346" * 40,
    "e\u0301ﬁ①Å",
    "\u2028\u2029\u0085",
    "\u00ad\u034f\u180e",
    "\ufffe\uffff\U0010ffff",
    "\U000e0041\U000e007f",
    "<script>alert(1)</script>",
    "<<b>script>alert(1)</script>",
    "<\u200bimg src=x onerror=alert(1)>",
    "<\x00svg/onload=alert(1)>",
    "&lt;iframe src=javascript:alert(1)&gt;",
    "&amp;lt;b&amp;gt;",
    "&#60;b&#62;&#x3c;i&#x3e;",
    "&#x202e;&#8203;&#0;&#xD800;",
    "&#" + "9" * 5000 + ";",
    "<!-- never closed",
    "<a href='",
    "]]><![CDATA[",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "'; DROP TABLE events; --",
    "%00%0d%0aSet-Cookie: a=b",
    "\\u0000\\ud800",
    "الاتفاقية التجارية",
    "自由貿易協定に署名",
    "ﷺ" * 20,
    "İıŉßΐ",
    "a" * 5000,
    " " * 5000,
)

URLS: Final = (
    "javascript:alert(1)//https://a.example/",
    "data:text/html,<b>https://a.example/",
    "file:///etc/passwd",
    "ftp://a.example/",
    "//a.example/",
    "https://",
    "https:///",
    "https://?",
    "https://#",
    "https://.",
    "https://./",
    "https://..example/",
    "https://a..example/",
    "https://localhost:6066/metrics",
    "https://intranet:8080/",
    "https://169.254.169.254/latest/meta-data",
    "https://0x7f000001/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]:80/",
    "https://[::1",
    "https://a.example:99999/",
    "https://a.example:-1/",
    "https://a.example:/",
    "https://user:pass@a.example/",
    "https://a.example@b.example/",
    "https://a.example\\@b.example/",
    "https://a.example/\x00",
    "https://a.example/\r\nX: y",
    "https://a.example/\u202egpj.exe",
    "https://a.example/<script>",
    "https://a.example/%",
    "https://a.example/%zz%00%ff",
    "https://a.example/../../../etc/passwd",
    "https://a.example/?" + "&".join(f"p{n}=1" for n in range(200)),
    "https://a.example/?" + "&" * 1000,
    "https://a.example/" + "/amp" * 400,
    "https://a.example/" + "ü" * 2000,
    "https://a.example/" + "a" * 100_000,
    "https://" + "a." * 500 + "example/",
    "https://" + "a" * 300 + ".example/",
    "https://xn--/",
    "https://xn--a.example/",
    "https://xn--zzzzzz99999.example/",
    "https://ex\u200bample.example/",
    "https://\u202eelpmaxe.example/",
    "https://пример.example/",
    "https://☃.example/",
    "https://a。example/",
    "HTTPS://A.EXAMPLE/",
    " https://a.example/ ",
    "https ://a.example/",
    "https://a .example/",
)

MOMENTS: Final[tuple[Any, ...]] = (
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999-23:59",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-01-20T25:00:00Z",
    "2026-01-20T23:59:60Z",
    "2026-01-20T10:00:00+99:99",
    "2026-01-20T10:00:00+14:00",
    "2026-01-20T10:00:00",
    "2026-01-20",
    "20260120T100000Z",
    "yesterday",
    "",
    0,
    -1,
    1e18,
    -1e18,
    1.5,
    10**30,
    True,
    [],
)

ODD_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1e308, 2**63, 2**64, -(2**63), 10**400, "", " ", [], {}, [[]], [None], [{}], {"": ""},
    {"a": {"b": {}}}, "x" * 100_000, ["x"] * 10_000, {str(n): n for n in range(1000)},
)  # fmt: skip
FIELDS: Final = (
    "url", "title", "text", "summary", "source", "published_at", "fetched_at", "language", "authors", "categories",
    "image_url", "unknown",
)  # fmt: skip


def article(number: int, **fields: Any) -> dict[str, Any]:
    """A relevant article, unlike every other number's; `fields` replace or add."""
    url = f"https://hostile.example/{number}"
    return {"url": url, "title": f"{TITLE} {number}", "text": f"{TEXT} {number}"} | fields


def dumps(value: Any) -> bytes:
    """JSON as Python writes it: with NaN, Infinity, and lone surrogates as escapes."""
    return json.dumps(value, ensure_ascii=True).encode()


def values() -> Iterator[bytes | None]:
    """Every value of the corpus; those that are articles have addresses of their own."""
    yield from _no_json()
    yield from _broken_json()
    yield from _odd_json()
    for number, fields in enumerate(_odd_fields()):
        yield dumps(article(number, **fields))
    yield from _bombs()


def _no_json() -> Iterator[bytes | None]:
    whole = dumps(article(900_000))
    yield from (None, b"", b" ", b"\0", b"\xff", b"\xfe\xff", b"nonsense", b"\x80abc", b"\xed\xa0\x80", b"\xc0\xaf")
    for codec in ("utf-16", "utf-32", "utf-7", "cp037"):
        yield whole.decode().encode(codec)
    yield '{"url": "https://a.example/", "title": "É"}'.encode("latin-1")
    yield b"\xef\xbb\xbf" + whole
    yield whole.replace(b"Canada", b"\xed\xa0\x80")
    yield whole.replace(b"Canada", b"Can\0ada")
    yield b"<?xml version='1.0'?><rss/>"
    yield b"\x1f\x8b\x08\x00" + whole
    yield b"\x00\x00\x00\x00\x01" + whole  # a schema registry's prefix


def _broken_json() -> Iterator[bytes]:
    whole = dumps(article(900_001))
    for length in range(1, len(whole), 7):
        yield whole[:length]
    yield from (whole + b"}", whole + whole, whole[:-1] + b",}", whole.replace(b'"', b"'"), b"/* */" + whole)
    for depth in (500, 1023, 1024, 1025, 100_000):
        yield b"[" * depth
        yield b"[" * depth + b"]" * depth
        yield b'{"a":' * depth + b"1" + b"}" * depth
        yield whole[:-1] + b', "x": ' + b"[" * depth + b"]" * depth + b"}"


def _odd_json() -> Iterator[bytes]:
    yield from map(dumps, ODD_VALUES)
    for literal in (
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"-0",
        b"1" * 10_000,
        b"0.1e-999999",
        b"0x10",
        b'"\\ud800"',
        b'"\\x"',
    ):
        yield literal
        yield dumps(article(900_002))[:-1] + b', "x": ' + literal + b"}"
        yield b'{"url": ' + literal + b', "title": "T"}'
    yield b'{"url": "https://a.example/1", "url": "javascript:1", "title": "A", "title": "B"}'
    yield b'{"url": "javascript:1", "url": "https://a.example/2", "title": "A", "title": "B"}'
    yield b'{"": "", "\\u0000": 1, "url": "https://a.example/3", "title": "T"}'
    yield b'{"\\u0075rl": "https://a.example/4", "title": "T"}'
    yield b'{"URL": "https://a.example/5", "Title": "T"}'


def _odd_fields() -> Iterator[dict[str, Any]]:
    for field in FIELDS:
        yield from ({field: value} for value in ODD_VALUES)
    yield from ({"url": url} for url in URLS)
    for moment in MOMENTS:
        yield from ({"published_at": moment}, {"fetched_at": moment})
    for ugly in DECORATIONS:
        for field, plain in (("title", TITLE), ("text", TEXT), ("summary", TEXT)):
            yield {field: f"{ugly}{plain}"}
            yield {field: plain.replace(" ", f" {ugly} ", 3) + ugly}
        yield from ({"source": ugly}, {"source": {"id": ugly, "name": ugly, "domain": ugly, "country": ugly}})
        yield from ({"authors": ugly}, {"language": ugly}, {"title": ugly, "text": None})
    yield {"source": {"id": "i" * 300_000, "name": "n" * 300_000, "domain": "d" * 300_000}}
    yield {"language": "en" + "-a" * 100_000}


def _bombs() -> Iterator[bytes]:
    far = "x " * 500
    size = MIB - 2000  # with the rest of the article still an article
    bombs = {
        "less-than signs": "<" * size,
        "elements": "<div>" * (size // 5),
        "unclosed": "<a " * (size // 3),
        "scripts": "<script>" * (size // 8),
        "comments": "<!--" * (size // 4),
        "ampersands": "&" * size,
        "entities": "&lt;" * (size // 4),
        "one word": "a" * size,
        "white space": " " * size,
        "half a rule, far from the other half": "Davos " * (size // 12) + far + "summit leaders " * (size // 30),
        "countries": "Canada, Korea and Mexico. " * (size // 26),
        "no sentence ends": "Jordan " * (size // 7),
    }
    for number, bomb in enumerate(bombs.values(), 800_000):
        yield dumps(article(number, text=bomb))
    wide = {
        "marks out of order": "a" + "\u0315\u0316" * (size // 4),
        "letters that fold to two": "ﬁ" * (size // 3),
        "dotted capital i": "İ" * (size // 2),
        "two countries in one word": "中美" * (size // 12) + "中国" * (size // 12),
        "emoji": "👨\u200d👩\u200d👧" * (size // 18),
    }
    for number, bomb in enumerate(wide.values(), 810_000):
        yield json.dumps(article(number, text=bomb), ensure_ascii=False).encode()
    yield b"x" * (MIB + 1)
    yield dumps(article(820_000, text="x" * 10_000_000))
    yield b"[" * 10_000_000
    yield b"\xff" * 10_000_000
