"""CSV that computes nothing, feeds that parse, encodings and formats as they are asked for."""

import csv
import gzip
import io
from collections.abc import Callable

import brotli
import feedparser
import orjson
import pytest
import zstandard
from aiohttp.test_utils import make_mocked_request
from pydantic import BaseModel

from app.gateway import atom
from app.gateway.encoding import CODINGS, best_coding
from app.gateway.formats import COLUMNS, chosen, csv_of, ndjson, safe_cell
from app.gateway.problem import NotAcceptable
from schemas.alert import Burst, SourceSilent
from schemas.event import EnrichedEvent
from schemas.source_health import SourceHealth
from schemas.story import Story
from tests.gateway_tools import TOPICS, alert, event, health, silence, story, value

HOSTILE = '=cmd|"/c calc"!A1,\r\n"<b>&amp;\x00\x0b\ud7ff\u202e🏔'


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        (-1.5, -1.5),
        (None, ""),
        (True, "true"),
        (["=a", "b"], "'=a;b"),
    ],
)
def test_no_cell_is_computed(text: object, cell: object) -> None:
    assert safe_cell(text) == cell


def test_csv_has_a_row_a_record_and_survives_hostile_text() -> None:
    rows = list(
        csv.reader(
            io.StringIO(
                csv_of([value(1, title=HOSTILE, topics=["davos", "ukraine-war"])], "event").decode(), newline=""
            )
        )
    )
    assert tuple(rows[0]) == COLUMNS["event"]
    assert len(rows) == 2
    found = dict(zip(*rows, strict=True))
    assert found["title"] == "'" + HOSTILE.replace("\0", "")
    assert (found["topics.topic"], found["topics.score"]) == ("davos;ukraine-war", "0.9;0.9")
    assert found["source.country"] == ""


def test_every_column_is_a_field_of_its_model() -> None:
    kinds: dict[str, list[type[BaseModel]]] = {
        "event": [EnrichedEvent],
        "story": [Story],
        "alert": [Burst, SourceSilent],
        "source": [SourceHealth],
    }
    for kind, models in kinds.items():
        fields = {name for model in models for name in model.model_fields}
        assert {column.partition(".")[0] for column in COLUMNS[kind]} <= fields
    for kind, record in {"story": story(1), "alert": alert(1), "source": health("aa")}.items():
        assert csv_of([orjson.dumps(record)], kind).count(b"\n") == 2
    assert b"source-silent" in csv_of([orjson.dumps(silence(1, "bbc"))], "alert")


def test_ndjson_is_a_record_a_line() -> None:
    assert [orjson.loads(line) for line in ndjson([value(1), value(2)]).splitlines()] == [event(1), event(2)]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("text/csv;q=0.5, application/json", "json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
        ("text/*", "csv"),
        ("application/x-ndjson, application/json;q=0.9", "ndjson"),
        ("application/*;q=0.9, text/csv;q=0.9", "csv"),
        ("text/csv;q=0, application/json", "json"),
    ],
)
def test_the_format_that_is_liked_best(accept: str, expected: str) -> None:
    assert chosen(make_mocked_request("GET", "/", {"Accept": accept}), None) == expected
    assert chosen(make_mocked_request("GET", "/", {"Accept": "text/html"}), "csv") == "csv"


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "nonsense"])
def test_what_cannot_be_given_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="text/csv"):
        chosen(make_mocked_request("GET", "/", {"Accept": accept}), None)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.1", "br"),
        ("identity", None),
        ("deflate", None),
        ("gzip;q=x", None),
        ("gzip;q=0.2, identity;q=0.9", None),
    ],
)
def test_the_coding_that_is_liked_best(accepted: str, coding: str | None) -> None:
    assert best_coding(accepted) == coding


def test_every_coding_can_be_undone() -> None:
    undo: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    }
    data = value(1) * 50
    assert set(undo) == set(CODINGS)
    for name, compress in CODINGS.items():
        assert undo[name](compress(data)) == data


def test_a_feed_parses_whatever_its_titles_hold() -> None:
    rows = [value(2, title=HOSTILE, language="ar"), value(1, summary="", language=None), value(3, title="")]
    parsed = feedparser.parse(atom.feed(TOPICS[2], rows, "https://g.example/f?q=a&b", "https://g.example/"))
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert (parsed.version, parsed.feed.title) == ("atom10", "Davos: geonews")
    assert parsed.feed.updated_parsed is not None
    assert {link.rel: link.href for link in parsed.feed.links}["self"] == "https://g.example/f?q=a&b"
    first, _, third = parsed.entries
    assert first.id == f"urn:geonews:event:{event(2)['id']}"
    assert "cmd" in first.title
    assert first.title_detail.type == "text/plain"
    assert '"<b>&amp;' in first.title  # text that looks like markup stays text
    assert first.author == "Example"
    assert {tag.term for tag in first.tags} == {"davos", "CH"}
    assert third.title == "https://example.org/3"
    for entry in parsed.entries:
        assert entry.published_parsed
        assert entry.updated_parsed
        assert entry.link.startswith("https://example.org/")


def test_a_feed_without_events_is_a_feed() -> None:
    parsed = feedparser.parse(atom.feed(TOPICS[0], [], "https://g.example/f", "https://g.example/"))
    assert not parsed.bozo
    assert parsed.feed.updated
