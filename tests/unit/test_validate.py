"""validate: what becomes of an untrusted record."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps.identity import article_keys, url_key
from app.steps.records import Article
from app.steps.rejected import Rejected
from app.steps.validate import MAX_NAME_CHARS, MAX_TITLE_CHARS, validate
from schemas.article import MAX_RAW_BYTES
from schemas.dead_letter import Reason, Stage
from tests.unit.articles import NOW, NOW_MS, article, inbound, raw


def refused(value: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        validate(inbound(value))
    assert caught.value.stage is Stage.VALIDATE
    assert caught.value.message
    assert len(caught.value.message) <= 500
    return caught.value


def test_a_full_article() -> None:
    found = article(
        title="<b>Canada</b> &amp; Korea",
        summary="<p>Short</p>",
        text="<div>Long</div>",
        source={"id": "times", "name": "The <i>Times</i>", "domain": "Times.Example", "country": "gb"},
        published_at="2026-01-20T12:00:00+02:00",
        language="pt_BR",
        authors="One Author",
        categories=["World"],
        unknown_field={"is": "ignored"},
    )
    assert (found.document.title, found.document.summary, found.document.text) == ("Canada & Korea", "Short", "Long")
    assert found.document.language == "pt-BR"
    assert found.published_at == datetime(2026, 1, 20, 10, tzinfo=UTC)
    assert found.published_at_source == "article"
    assert (found.publisher.id, found.publisher.name) == ("times", "The Times")
    assert (found.publisher.domain, found.publisher.country) == ("times.example", "GB")
    assert (found.authors, found.categories) == (("One Author",), ("World",))
    assert found.canonical_url == "https://news.example/a"
    assert found.url_key == url_key("https://news.example/a")
    assert (found.id, found.content_key) == article_keys("https://news.example/a", "Canada & Korea", "Long")


def test_the_summary_stands_in_for_a_missing_text() -> None:
    url = "https://news.example/a"
    found = validate(inbound({"url": url, "title": "T", "summary": "S"}))
    assert (found.id, found.content_key) == article_keys(url, "T", "S")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.EMPTY_VALUE),
        (b"", Reason.EMPTY_VALUE),
        (b" " * (MAX_RAW_BYTES + 1), Reason.TOO_LARGE),
        (b" ", Reason.NOT_JSON),
        (b"\xff\xfe{}", Reason.NOT_UTF8),
        ('{"url": "https://a.example/", "title": "é"}'.encode("latin-1"), Reason.NOT_UTF8),
        (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"nonsense", Reason.NOT_JSON),
        (b'{"url": NaN}', Reason.NOT_JSON),
        (b'{"url": "\\ud800"}', Reason.NOT_JSON),
        (b"[" * 100_000, Reason.NOT_JSON),
        (b"[" * 100_000 + b"]" * 100_000, Reason.NOT_JSON),
        (b'{"a":' * 100_000, Reason.NOT_JSON),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'"text"', Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
        (b"17", Reason.NOT_AN_OBJECT),
        (b"{}", Reason.INVALID_FIELD),
        ({"url": "https://a.example/"}, Reason.INVALID_FIELD),
        ({"url": "https://a.example/", "title": " \n"}, Reason.INVALID_FIELD),
        (raw(title=5), Reason.INVALID_FIELD),
        (raw(url=None), Reason.INVALID_FIELD),
        (raw(url=["https://a.example/"]), Reason.INVALID_FIELD),
        (raw(url="https://a.example/" + "a" * 2048), Reason.INVALID_FIELD),
        (raw(url="javascript:alert(1)"), Reason.INVALID_FIELD),
        (raw(url="file:///etc/passwd"), Reason.INVALID_FIELD),
        (raw(url="x https://a.example/"), Reason.INVALID_FIELD),
        (raw(published_at="yesterday"), Reason.INVALID_FIELD),
        (raw(published_at="2026-01-20T10:00:00"), Reason.INVALID_FIELD),
        (raw(published_at="0000-01-01T00:00:00Z"), Reason.INVALID_FIELD),
        (raw(published_at=1e300), Reason.INVALID_FIELD),
        (raw(language="a language"), Reason.INVALID_FIELD),
        (raw(language="en" + "-a" * 1000), Reason.INVALID_FIELD),
        (raw(source=7), Reason.INVALID_FIELD),
        (raw(authors=[1]), Reason.INVALID_FIELD),
        (raw(url="https://"), Reason.INVALID_URL),
        (raw(url="https://intranet/"), Reason.INVALID_URL),
        (raw(url="https://a.example:99999/"), Reason.INVALID_URL),
        ({"url": "https://a.example/", "title": "<br>", "text": "<script>x</script>"}, Reason.NO_TEXT),
        ({"url": "https://a.example/", "title": "\u200b\u202e"}, Reason.NO_TEXT),
    ],
)
def test_reasons(value: Any, reason: Reason) -> None:
    assert refused(value).reason is reason


def test_the_message_names_the_field() -> None:
    assert refused(raw(published_at="yesterday")).message.startswith("published_at: ")
    assert refused(raw(source={"name": 1})).message.startswith("source.")


def test_a_value_of_the_largest_size_is_an_article() -> None:
    head, tail = b'{"url": "https://a.example/", "title": "', b'"}'
    value = head + b"x" * (MAX_RAW_BYTES - len(head) - len(tail)) + tail
    assert len(value) == MAX_RAW_BYTES
    assert len(validate(inbound(value)).document.title) == MAX_TITLE_CHARS


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert validate(inbound(b'{"url": "https://a.example/", "title": "A", "title": "B"}')).document.title == "B"


@pytest.mark.parametrize(
    ("fields", "moment", "source"),
    [
        ({"published_at": "2026-01-01T00:00:00Z", "fetched_at": "2026-01-02T00:00:00Z"}, "2026-01-01", "article"),
        ({"fetched_at": "2026-01-02T00:00:00Z"}, "2026-01-02", "fetched"),
        ({"published_at": None, "fetched_at": "2026-01-02T00:00:00Z"}, "2026-01-02", "fetched"),
        ({"published_at": "0001-01-01T00:00:00Z"}, "0001-01-01", "article"),
        ({"published_at": "9999-12-31T23:59:59Z"}, "9999-12-31", "article"),
        ({"published_at": "0001-01-01T00:00:00+23:59", "fetched_at": "2026-01-02T00:00:00Z"}, "2026-01-02", "fetched"),
        ({"published_at": "9999-12-31T23:59:59-23:59"}, "2026-01-20", "received"),
        ({}, "2026-01-20", "received"),
    ],
)
def test_when_it_appeared(fields: dict[str, Any], moment: str, source: str) -> None:
    found = article(**fields)
    assert found.published_at.date().isoformat() == moment
    assert found.published_at.tzinfo is UTC
    assert found.published_at_source == source


@pytest.mark.parametrize(("timestamp", "year"), [(NOW_MS, 2026), (-1, 1970), (0, 1970), (2**62, 1970)])
def test_kafka_timestamps_of_any_size_are_moments(timestamp: int, year: int) -> None:
    assert validate(inbound(raw(), timestamp=timestamp)).published_at.year == year
    assert validate(inbound(raw(), timestamp=NOW_MS)).published_at == NOW


@pytest.mark.parametrize(
    ("source", "name", "domain", "country"),
    [
        (None, "news.example", "news.example", None),
        ("", "news.example", "news.example", None),
        ("The <b>Times</b>", "The Times", "news.example", None),
        ({}, "news.example", "news.example", None),
        ({"domain": "times.example"}, "times.example", "times.example", None),
        ({"domain": "<script>"}, "news.example", "news.example", None),
        ({"domain": "times.example/x"}, "news.example", "news.example", None),
        ({"domain": "a." * 150 + "example"}, "news.example", "news.example", None),
        ({"country": "ES"}, "news.example", "news.example", "ES"),
        ({"country": "Spain"}, "news.example", "news.example", None),
        ({"country": "ÄÖ"}, "news.example", "news.example", None),
        ({"name": "\u202eevil"}, "evil", "news.example", None),
    ],
)
def test_publisher(source: Any, name: str, domain: str, country: str | None) -> None:
    publisher = article(source=source).publisher
    assert (publisher.name, publisher.domain, publisher.country) == (name, domain, country)
    assert publisher.id == domain


def test_a_publisher_of_any_length_is_cut_to_bounds() -> None:
    publisher = article(source={"id": "i" * 300_000, "name": "n" * 300_000, "domain": "d" * 300_000}).publisher
    assert (len(publisher.id), len(publisher.name)) == (MAX_NAME_CHARS, MAX_NAME_CHARS)
    assert publisher.domain == "news.example"


@pytest.mark.parametrize(
    ("url", "published"),
    [
        ("https://news.example/a?utm_source=x#f", "https://news.example/a?utm_source=x#f"),
        ("https://News.example/a\nb\t", "https://news.example/ab"),
        ("https://news.example/\u202e<b>", "https://news.example/%E2%80%AE%3Cb%3E"),
    ],
)
def test_the_url_is_published_as_a_browser_would_open_it(url: str, published: str) -> None:
    assert article(url=url).url == published


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = ["url", "title", "text", "summary", "source", "published_at", "fetched_at", "language", "authors", "x"]
_objects = st.dictionaries(
    st.sampled_from(_FIELDS), _json | st.sampled_from(["https://a.example/", "en", "2026-01-01T00:00:00Z"]), max_size=8
)


@given(st.binary() | _objects.map(orjson.dumps) | _objects.map(lambda o: orjson.dumps(raw() | o)) | st.none())
def test_any_value_is_an_article_or_rejected(value: bytes | None) -> None:
    try:
        found = validate(inbound(value))
    except Rejected as why:
        assert why.message  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(found, Article)
        assert found.document.title or found.document.summary or found.document.text
        assert len(found.id) == 32
        assert found.publisher.domain
