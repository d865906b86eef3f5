"""Feeds of many shapes, encodings and languages, each to the articles that its publisher meant."""

import gzip
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest

from app.errors import SourceError
from app.sources.decoding import decode, without_doctype
from app.sources.parsing import parse
from schemas.article import RawArticle

URL = "https://news.example/feeds/world.xml"


@dataclass(frozen=True)
class Shape:
    """A feed as it is served, and what its first entry must become (fields not named are not compared)."""

    name: str
    body: bytes
    first: dict[str, Any]
    count: int = 1
    content_type: str = "application/xml"
    options: dict[str, str] = field(default_factory=dict)


def rss(
    entry: str, *, encoding: str = "utf-8", channel: str = "<title>The Paper</title>", version: str = "2.0"
) -> bytes:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="{version}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    text += ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/">'
    return f"{text}<channel>{channel}{entry}</channel></rss>".encode(encoding)


def item(title: str, extra: str = "") -> str:
    return f"<item><title>{title}</title><link>https://news.example/a</link>{extra}</item>"


RUSSIAN = "Переговоры о торговле начались в Женеве"
JAPANESE = "欧州連合と日本、貿易協定で合意"
FRENCH = "L’accord commercial à Genève coûte 5 €"
CHINESE = "中欧投资协定谈判重启"
KOREAN = "다보스 포럼 개막"

SHAPES = [
    Shape(
        "RSS 0.91 with its document type",
        b'<?xml version="1.0"?>\n<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"\n'
        b' "http://my.netscape.com/publish/formats/rss-0.91.dtd">\n<rss version="0.91"><channel>'
        b"<title>Old Paper</title>"
        b"<link>https://old.example/</link><language>en-us</language><item><title>Talks begin</title>"
        b"<link>https://old.example/1</link><description>In Geneva.</description></item></channel></rss>",
        {
            "url": "https://old.example/1",
            "title": "Talks begin",
            "summary": "In Geneva.",
            "language": "en-us",
            "source": {"name": "Old Paper", "domain": "old.example"},
        },
    ),
    Shape(
        "RSS 2.0 in full",
        rss(
            item(
                "Talks &amp; more",
                "<description>&lt;p&gt;Short.&lt;/p&gt;</description><content:encoded><![CDATA[<p>All of it.</p>]]>"
                "</content:encoded><dc:creator>Ann Author</dc:creator><category>Trade</category><category>EU</category>"
                "<pubDate>Tue, 10 Jun 2025 06:00:00 +0200</pubDate>"
                '<media:thumbnail url="https://news.example/i.jpg"/><guid isPermaLink="false">tag:1</guid>',
            ),
            channel="<title>The Paper</title><link>https://www.news.example/</link><language>en</language>",
        ),
        {
            "title": "Talks & more",
            "summary": "<p>Short.</p>",
            "text": "<p>All of it.</p>",
            "authors": ["Ann Author"],
            "categories": ["Trade", "EU"],
            "published_at": "2025-06-10T04:00:00Z",
            "image_url": "https://news.example/i.jpg",
            "source": {"name": "The Paper", "domain": "news.example"},
        },
    ),
    Shape(
        "RSS with a relative link and a language that is no tag",
        rss(
            "<item><title>T</title><link>/rel?id=1</link></item>",
            channel="<title>P</title><language>Deutsch, Hochdeutsch</language>",
        ),
        {"url": "https://news.example/rel?id=1", "language": None},
    ),
    Shape(
        "an aggregator's entry with its publisher, the language in the header",
        rss(item("T", '<source url="https://www.other.example/rss">The Other</source>')),
        {"source": {"name": "The Other", "domain": "other.example"}, "language": "de"},
        options={"language": "de"},
    ),
    Shape("a date that is none", rss(item("T", "<pubDate>yesterday at noon</pubDate>")), {"published_at": None}),
    Shape("a zero date", rss(item("T", "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>")), {"published_at": None}),
    Shape(
        "Atom with two languages",
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="pl"><title>Gazeta</title>'
        b'<link href="https://gazeta.example/"/><entry xml:lang="uk"><id>urn:1</id>'
        b"<title>Rozmowy</title><link rel='alternate' href='https://gazeta.example/1'/>"
        b"<link rel='enclosure' type='image/png' href='https://gazeta.example/1.png'/>"
        b"<updated>2025-06-10T06:00:00+02:00</updated><author><name>Jan</name></author>"
        b"<content type='html'>&lt;b&gt;W Genewie&lt;/b&gt;</content></entry></feed>",
        {
            "url": "https://gazeta.example/1",
            "language": "uk",
            "published_at": "2025-06-10T04:00:00Z",
            "authors": ["Jan"],
            "image_url": "https://gazeta.example/1.png",
            "summary": "<b>W Genewie</b>",
            "text": None,
        },
    ),
    Shape(
        "RDF, RSS 1.0",
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://rdf.example/"><title>RDF</title>'
        b"<link>https://rdf.example/</link><dc:language>it</dc:language></channel>"
        b'<item rdf:about="https://rdf.example/1"><title>Accordo</title><link>https://rdf.example/1</link>'
        b"<dc:date>2025-06-10T04:00:00Z</dc:date></item></rdf:RDF>",
        {"url": "https://rdf.example/1", "language": "it", "published_at": "2025-06-10T04:00:00Z"},
    ),
    Shape(
        "JSON Feed",
        orjson.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "JSON Paper",
                "language": "es",
                "home_page_url": "https://json.example/",
                "items": [
                    {
                        "id": 7,
                        "url": "/noticia",
                        "title": "Acuerdo",
                        "content_html": "<p>Sí</p>",
                        "date_published": "2025-06-10T06:00:00+02:00",
                        "authors": [{"name": "Ana"}, "nonsense"],
                        "tags": ["comercio", 3],
                    },
                    {"id": 8, "title": "no address"},
                    "nonsense",
                ],
            }
        ),
        {
            "url": "https://news.example/noticia",
            "language": "es",
            "text": "<p>Sí</p>",
            "published_at": "2025-06-10T04:00:00Z",
            "authors": ["Ana"],
            "categories": ["comercio"],
            "source": {"name": "JSON Paper", "domain": "json.example"},
        },
        content_type="application/feed+json",
    ),
    Shape("Russian in windows-1251", rss(item(RUSSIAN), encoding="windows-1251"), {"title": RUSSIAN}),
    Shape("Japanese in Shift_JIS", rss(item(JAPANESE), encoding="shift_jis"), {"title": JAPANESE}),
    Shape("Japanese in ISO-2022-JP", rss(item(JAPANESE), encoding="iso-2022-jp"), {"title": JAPANESE}),
    Shape("Japanese in EUC-JP", rss(item(JAPANESE), encoding="euc-jp"), {"title": JAPANESE}),
    Shape("Chinese in GB2312", rss(item(CHINESE), encoding="gb2312"), {"title": CHINESE}),
    Shape("Korean in EUC-KR", rss(item(KOREAN), encoding="euc-kr"), {"title": KOREAN}),
    Shape("UTF-16 with its mark", rss(item(RUSSIAN), encoding="utf-16"), {"title": RUSSIAN}),
    Shape(
        "UTF-16 without its mark",
        rss(item(RUSSIAN)).decode().replace("utf-8", "utf-16").encode("utf-16-be"),
        {"title": RUSSIAN},
    ),
    Shape(
        "French that calls windows-1252 ISO-8859-1",
        rss(item(FRENCH), encoding="cp1252").replace(b"cp1252", b"ISO-8859-1"),
        {"title": FRENCH},
    ),
    Shape(
        "the encoding only in the header",
        rss(item(RUSSIAN), encoding="koi8-r").replace(b' encoding="koi8-r"', b""),
        {"title": RUSSIAN},
        content_type='text/xml; charset="KOI8-R"',
    ),
    Shape(
        "UTF-8 that the header calls Latin",
        rss(item(RUSSIAN)),
        {"title": RUSSIAN},
        content_type="text/xml; charset=latin1",
    ),
    Shape("an encoding that does not exist", rss(item("T")).replace(b'"utf-8"', b'"utf-9000"'), {"title": "T"}),
    Shape("an encoding that is no text", rss(item("T")).replace(b'"utf-8"', b'"zip"'), {"title": "T"}),
    Shape("one bad byte in UTF-8", rss(item("Davos ä")).replace("ä".encode(), b"\xff"), {"title": "Davos �"}),
    Shape(
        "broken XML",
        b"<rss version='2.0'><channel><title>P</title><item><title>Fish & chips &nbsp; deal</title>"
        b"<link>https://news.example/a</link><description>a < b</description></item></channel>",
        {"title": "Fish & chips \xa0 deal", "url": "https://news.example/a"},
    ),
    Shape("noise before the declaration", b"\n\n <!-- cached -->\n" + rss(item("T")), {"title": "T"}),
    Shape(
        "references to characters that do not exist",
        rss(item("a&#xD800;b&#0;c&#99999999;d &#xD83D;&#xDE00; &#55357;&#56832; &#128512; &#8364;")),
        {"title": "a\ufffdb\ufffdc\ufffdd 😀 😀 😀 €"},
    ),
    Shape("entries without addresses", rss(item("T") + "<item><title>no address</title></item>"), {"title": "T"}),
]


@pytest.fixture(params=SHAPES, ids=[shape.name for shape in SHAPES])
def shape(request: pytest.FixtureRequest) -> Shape:
    return cast(Shape, request.param)


def test_each_shape_gives_its_articles(shape: Shape) -> None:
    feed = parse(shape.body, url=URL, content_type=shape.content_type, **shape.options)
    assert len(feed.entries) == shape.count
    article = feed.entries[0].article
    assert {name: article.get(name) for name in shape.first} == shape.first
    RawArticle.model_validate(article)


def test_entries_without_an_address_are_counted() -> None:
    assert parse(rss("<item><title>no address</title></item>"), url=URL).skipped == 1


def test_identities_follow_the_guid_not_the_text() -> None:
    one, same, other = (
        parse(rss(item(title, f"<guid isPermaLink='false'>{guid}</guid>")), url=URL).entries[0].identity
        for title, guid in [("A", "1"), ("A, corrected", "1"), ("A", "2")]
    )
    assert one == same != other
    assert len(one) == 16


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no root element"),
        (b"plain text", "no root element"),
        (b"<!doctype html><html><body><p>hello</p></body></html>", "is a web page"),
        (b'{"version": "2"}', "not a JSON Feed"),
        (b'{"version": ', "not valid JSON"),
        (b"<!-- never closed", "no root element"),
        (b"<!DOCTYPE feed [ <!-- never closed", "no root element"),
    ],
)
def test_what_is_no_feed_is_said(body: bytes, why: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        parse(body, url=URL)
    assert URL in str(caught.value)


LAUGHS = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
BILLION_LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">{LAUGHS}]>'
    '<rss version="2.0"><channel><item><title>&lol9;</title><link>https://a.example/</link></item></channel></rss>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", "\n", "<!-- x -->"])
def test_entity_declarations_are_refused_wherever_they_hide(encoding: str, before: str) -> None:
    bomb = BILLION_LAUGHS.replace("?><!DOCTYPE", f"?>{before}<!DOCTYPE")
    with pytest.raises(SourceError, match="entities"):
        parse(bomb.encode(encoding), url=URL)


def test_external_entities_are_refused() -> None:
    body = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss version="2.0"><channel>&x;</channel></rss>'
    with pytest.raises(SourceError, match="entities"):
        parse(body, url=URL)


def test_a_document_type_inside_the_document_expands_nothing() -> None:
    hidden = BILLION_LAUGHS.split("?>")[1]
    feed = parse(b'<rss version="2.0"><channel>' + hidden.encode() + b"</channel></rss>", url=URL)
    assert all("lollol" not in str(entry.article) for entry in feed.entries)


def test_decoding_and_prolog_take_linear_time() -> None:
    """Each would take hours in a quadratic scan, and the test's time limit would end it."""
    for junk in ("<!--", "<?", "<!DOCTYPE", "\n<!DOCTYPE [", "\n", "<!>", '<?xml encoding="'):
        text = junk * (4_000_000 // len(junk))
        with pytest.raises(SourceError):
            without_doctype(decode(text.encode(), "text/xml; charset=" * 10_000))


def test_gzip_bytes_are_not_taken_for_a_file_name(tmp_path: Any) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(rss(item("T")))
    with pytest.raises(SourceError):
        parse(str(path).encode(), url=URL)
    with pytest.raises(SourceError):
        parse(gzip.compress(rss(item("T"))), url=URL)
