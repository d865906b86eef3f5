"""What the query string means, and what is said when it means nothing."""

import re

import pytest
from multidict import MultiDict

from app.gateway.cursor import from_cursor, to_cursor
from app.gateway.filters import BadQuery, EventsQuery, Filters
from app.gateway.item import Item, decode
from app.gateway.plain import escape_controls, for_terminal
from tests.gateway_tools import value

TOPICS = ["trade-deals", "ukraine-war", "davos"]


def item(**changes: object) -> Item:
    found = decode(0, 0, 0, value(1, **changes))
    assert found is not None
    return found


def parsed(query: str) -> MultiDict[str]:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return MultiDict([(name, text) for name, _, text in pairs])


def answers(query: str, **changes: object) -> bool:
    return Filters.parse(parsed(query), TOPICS).matcher()(item(**changes))


@pytest.mark.parametrize(
    ("query", "changes", "expected"),
    [
        ("", {}, True),
        ("topic=davos", {}, True),
        ("topic=DAVOS", {}, True),
        ("topic=trade-deals", {}, False),
        ("topic=trade-deals,davos", {}, True),
        ("topic=trade-deals&topic=davos", {}, True),
        ("country=ch", {}, True),
        ("country=UA,PL", {"countries": ["PL"]}, True),
        ("country=UA", {"countries": []}, False),
        ("language=en", {"language": "en-GB"}, True),
        ("language=en", {"language": "enm"}, False),
        ("language=en-gb", {"language": "en"}, False),
        ("language=en", {"language": None}, False),
        ("source=example.org", {}, True),
        ("source=example.com", {}, False),
        ("min_score=0.9", {"score": 0.9}, True),
        ("min_score=0.91", {"score": 0.9}, False),
        ("since=2026-01-20T00:01:00Z", {}, True),
        ("since=2026-01-20T00:01:01Z", {}, False),
        ("until=2026-01-20T00:01:00Z", {}, False),
        ("until=2026-01-20T00:01:01Z", {}, True),
        ("since=2026-01-20T01:01:00 01:00", {}, True),
        ("since=2026-01-20T01:01:01 01:00", {}, False),
        ("since=2026-01-20", {}, True),
        ("since=2026-01-21", {}, False),
        ("q=zurich deal", {"title": "A DEAL in Zürich"}, True),
        ("q=zurich deal", {"title": "Zürich"}, False),
        ("q=переговоры", {"summary": "ПЕРЕГОВОРЫ"}, True),
        ("topic=davos&country=UA", {}, False),
    ],
)
def test_each_filter(query: str, changes: dict[str, object], expected: bool) -> None:
    assert answers(query, **changes) is expected


def test_min_score_is_of_the_topic_asked_for() -> None:
    topics = [
        {"topic": "davos", "score": 0.6, "threshold": 0.5, "evidence": []},
        {"topic": "ukraine-war", "score": 0.95, "threshold": 0.5, "evidence": []},
    ]
    assert answers("min_score=0.9", topics=topics)
    assert answers("min_score=0.9&topic=ukraine-war", topics=topics)
    assert not answers("min_score=0.9&topic=davos", topics=topics)


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("topic=sport", "topic", "trade-deals, ukraine-war"),
        ("topics=davos", "topics", "no such parameter, there are: country, "),
        ("country=Ukraine", "country", "pattern"),
        ("language=no_such language", "language", "pattern"),
        ("min_score=2", "min_score", "less than or equal to 1"),
        ("min_score=nan", "min_score", ""),
        ("min_score=0.1&min_score=0.2", "min_score", "only once"),
        ("since=yesterday", "since", "2026-01-20T10:00:00Z"),
        ("since=0.5", "since", "2026-01-20T10:00:00Z"),
        ("q=" + "x" * 201, "q", "200"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=501", "limit", "500"),
        ("limit=ten", "limit", "integer"),
    ],
)
def test_bad_parameters_are_named_with_the_remedy(query: str, parameter: str, detail: str) -> None:
    with pytest.raises(BadQuery) as caught:
        EventsQuery.parse(parsed(query), TOPICS)
    assert set(caught.value.problems) == {parameter}
    assert detail in caught.value.problems[parameter]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadQuery) as caught:
        EventsQuery.parse(MultiDict(limit="x", min_score="y", colour="z"), TOPICS)
    assert set(caught.value.problems) == {"limit", "min_score", "colour"}


def test_cursor_comes_back() -> None:
    assert from_cursor(to_cursor((1_768_900_000_000, 3, 42))) == (1_768_900_000_000, 3, 42)


@pytest.mark.parametrize(
    "text", ["", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1.2.3 ", "1.2.3\n", "١.٢.٣", "9" * 40 + ".1.1"]
)
def test_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="is no cursor"):
        from_cursor(text)


@pytest.mark.parametrize("junk", [None, b"", b"{}", b"[]", b"\xff", b"null", value(1)[:-1], value(1, topics=[])])
def test_records_that_are_no_events_are_recognised(junk: bytes | None) -> None:
    assert decode(0, 0, 0, junk) is None


def test_json_is_one_line_and_keeps_fields_of_a_newer_contract() -> None:
    spread = value(1, novelty=1).replace(b",", b",\n ")
    found = decode(0, 0, 0, spread)
    assert found is not None
    assert b"\n" not in found.json
    assert b'"novelty":1' in found.json


def test_terminal_text_holds_nothing_that_a_terminal_obeys() -> None:
    hostile = "a\x1b[2Jb\x07\r\nc\x9b31md\u202ee\u2066f\u2028g\x00h"
    assert for_terminal(hostile) == "a [2Jb c 31mdef g h"
    escaped = escape_controls('{"t":"\x9b31m \x7f é ü"}'.encode())
    assert escaped == '{"t":"\\u009b31m \\u007f é ü"}'.encode()
    assert re.search(rb"\xc2[\x80-\x9f]|\x7f", escaped) is None
