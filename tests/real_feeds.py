"""Feeds as the world writes them: eight formats, fourteen languages and their old encodings, and habits of all kinds.

`feed(number, stories)` is the feed with that number, holding the stories asked for; newer stories come first. Broken
habits spoil the envelope, never the stories: every one of them is well-formed and must arrive.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

# language, headline, an encoding that its sites used before UTF-8
LANGUAGES = [
    ("en", "Ministers agree on tariffs & quotas", "iso-8859-1"),
    ("de", "Zölle: Große Koalition für Abkommen", "windows-1252"),
    ("fr", "L’accord commercial coûte 5 € – « enfin »", "windows-1252"),
    ("es", "España y Canadá firman acuerdo", "iso-8859-15"),
    ("pl", "Żądania handlowe: umowa podpisana", "iso-8859-2"),
    ("cs", "Příměří podepsáno v Ženevě", "windows-1250"),
    ("ru", "Переговоры о торговле начались", "windows-1251"),
    ("uk", "Україна: переговори в Женеві", "koi8-u"),
    ("el", "Συμφωνία για το εμπόριο", "iso-8859-7"),
    ("tr", "Ticaret anlaşması imzalandı", "iso-8859-9"),
    ("ar", "توقيع اتفاق التجارة", "windows-1256"),
    ("he", "הסכם סחר נחתם", "windows-1255"),
    ("ja", "欧州連合と日本、貿易協定で合意", "shift_jis"),
    ("zh", "中欧投资协定谈判重启", "gb2312"),
    ("ko", "다보스 포럼 개막", "euc-kr"),
]
BEGAN = datetime.now(UTC) - timedelta(days=2)


@dataclass(frozen=True)
class Story:
    """One entry, whose address is its identity in the test."""

    feed: int
    number: int

    @property
    def url(self) -> str:
        return f"https://paper{self.feed}.example/story/{self.number}?id={self.number}&lang=x"

    @property
    def when(self) -> datetime:
        return (BEGAN + timedelta(minutes=7 * self.number)).replace(microsecond=0)

    @property
    def title(self) -> str:
        return f"{LANGUAGES[self.feed % len(LANGUAGES)][1]} {self.number}"


Format = Callable[[int, Sequence[Story]], str]


def _rss(version: str, stories: Sequence[Story], language: str, channel: str = "", *, guid: bool = True) -> str:
    items = "".join(
        f"<item><title>{escape(s.title)}</title><link>{escape(s.url)}</link>"
        f"<description>{escape('<p>' + escape(s.title) + '</p>')}</description>"
        + (f"<guid isPermaLink='false'>tag:{s.feed}:{s.number}</guid>" if guid else "")
        + f"<pubDate>{format_datetime(s.when)}</pubDate></item>"
        for s in stories
    )
    spaces = ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    head = f"<title>Paper</title><link>https://paper.example/</link><language>{language}</language>{channel}"
    return f'<rss version="{version}"{spaces if version == "2.0" else ""}><channel>{head}{items}</channel></rss>'


def rss090(_: int, stories: Sequence[Story]) -> str:
    items = "".join(f"<item><title>{escape(s.title)}</title><link>{escape(s.url)}</link></item>" for s in stories)
    space = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://channel.netscape.com/rdf/simple/0.9/"'
    )
    return f"<rdf:RDF {space}><channel><title>P</title><link>https://paper.example/</link></channel>{items}</rdf:RDF>"


def rss091(number: int, stories: Sequence[Story]) -> str:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://x.example/rss-0.91.dtd">\n'
    return doctype + _rss("0.91", stories, LANGUAGES[number % len(LANGUAGES)][0], guid=False)


def rss092(number: int, stories: Sequence[Story]) -> str:
    return _rss("0.92", stories, LANGUAGES[number % len(LANGUAGES)][0], "<docs>https://x.example/</docs>", guid=False)


def rss20(number: int, stories: Sequence[Story]) -> str:
    return _rss("2.0", stories, LANGUAGES[number % len(LANGUAGES)][0], "<ttl>5</ttl>")


def wordpress(_: int, stories: Sequence[Story]) -> str:
    """With the template's "en-US" whatever the language, and whole articles."""
    text = _rss("2.0", stories, "en-US", "<generator>https://wordpress.org/?v=6.5</generator>")
    body = "<content:encoded><![CDATA[<p>All of it, <b>and more</b>.</p><script>track()</script>]]></content:encoded>"
    return text.replace("</item>", f"<dc:creator><![CDATA[Ann]]></dc:creator>{body}</item>")


def atom(number: int, stories: Sequence[Story]) -> str:
    entries = "".join(
        f"<entry><id>urn:story:{s.feed}:{s.number}</id><title type='text'>{escape(s.title)}</title>"
        f"<link rel='alternate' href='{escape(s.url)}'/><link rel='self' href='https://x.example/api/{s.number}'/>"
        f"<updated>{s.when.isoformat()}</updated><summary>{escape(s.title)}</summary></entry>"
        for s in stories
    )
    language = LANGUAGES[number % len(LANGUAGES)][0]
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}"><title>P</title><id>x</id>{entries}</feed>'


def rdf(number: int, stories: Sequence[Story]) -> str:
    items = "".join(
        f'<item rdf:about="{escape(s.url)}"><title>{escape(s.title)}</title><link>{escape(s.url)}</link>'
        f"<dc:date>{s.when.isoformat()}</dc:date></item>"
        for s in stories
    )
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    about = LANGUAGES[number % len(LANGUAGES)][0]
    return (
        f'<rdf:RDF {spaces}><channel rdf:about="https://paper.example/"><title>P</title>'
        f"<link>https://paper.example/</link><dc:language>{about}</dc:language></channel>{items}</rdf:RDF>"
    )


def json_feed(number: int, stories: Sequence[Story]) -> str:
    items = [
        {"id": s.url, "url": s.url, "title": s.title, "content_html": "<p>x</p>", "date_published": s.when.isoformat()}
        for s in stories
    ]
    language = LANGUAGES[number % len(LANGUAGES)][0]
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "P", "language": language, "items": items}, ensure_ascii=False)


FORMATS: list[Format] = [rss090, rss091, rss092, rss20, wordpress, atom, rdf, json_feed]


def _as_it_should_be(text: str) -> tuple[bytes, str]:
    return text.encode(), "application/xml; charset=utf-8"


def _old_encoding(text: str, encoding: str) -> tuple[bytes, str]:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'
    return declared.encode(encoding, "xmlcharrefreplace"), "text/xml"


def _lying_header(text: str) -> tuple[bytes, str]:
    return text.encode(), "text/xml; charset=iso-8859-1"


def _lying_declaration(text: str) -> tuple[bytes, str]:
    return f'<?xml version="1.0" encoding="iso-8859-1"?>{text}'.encode(), "application/rss+xml"


def _broken_xml(text: str) -> tuple[bytes, str]:
    """A bare ampersand, an entity of HTML and an unclosed tag, all outside of the stories."""
    if not text.lstrip().startswith(("<rss", "<!DOCTYPE")):
        return text.encode(), "application/xml"
    return text.replace("<title>Paper</title>", "<title>Bread & butter &nbsp; <b>bold</title>").encode(), "text/html"


def _byte_order_mark(text: str) -> tuple[bytes, str]:
    return b"\xef\xbb\xbf\n" + text.encode(), "text/plain"


COUNT = 75


def feed(number: int, stories: Sequence[Story]) -> tuple[bytes, str]:
    """Body and content type of one of the `COUNT` feeds."""
    text = FORMATS[number % len(FORMATS)](number, stories)
    if text.startswith("{"):
        return text.encode(), "application/feed+json"
    encoding = LANGUAGES[number % len(LANGUAGES)][2]
    habits: list[Callable[[str], tuple[bytes, str]]] = [
        _as_it_should_be,
        lambda text: _old_encoding(text, encoding),
        _lying_header,
        _broken_xml,
        _lying_declaration,
        _byte_order_mark,
        lambda text: _old_encoding(text, "utf-16"),
    ]
    return habits[number % len(habits)](text)
