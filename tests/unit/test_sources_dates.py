"""Dates in the forms that feeds use, and dates that cannot be."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.dates import judged, parse_date
from app.sources.parsing import parse

TEN = "2026-01-20T10:15:00Z"
DAY = "2026-01-20T00:00:00Z"


def in_feed(text: str) -> str | None:
    body = (
        "<rss version='2.0'><channel><title>P</title><item><title>T</title><link>https://p.example/1</link>"
        f"<pubDate>{text}</pubDate></item></channel></rss>"
    )
    article: dict[str, Any] = parse(body.encode(), url="https://p.example/").entries[0].article
    return article.get("published_at")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 20 Jan 2026 10:15:00 GMT", TEN),
        ("Tue, 20 Jan 2026 11:15:00 +0100", TEN),
        ("Tue, 20 Jan 2026 05:15:00 EST", TEN),
        ("Tue, 20 Jan 2026 11:15:00 CET", TEN),
        ("Tue, 20 Jan 2026 13:15:00 MSK", TEN),
        ("Tue, 20 Jan 2026 19:15:00 (JST)", TEN),
        ("20 Jan 26 10:15:00 Z", TEN),
        ("Tue Jan 20 10:15:00 2026", TEN),
        ("2026-01-20T10:15:00Z", TEN),
        ("2026-01-20T12:15:00+02:00", TEN),
        ("2026-01-20T12:15:00.000+02:00", TEN),
        ("2026-01-20 10:15:00", TEN),
        ("2026-01-20 12:15:00 +0200", TEN),
        ("2026/01/20 10:15", TEN),
        ("2026年01月20日 10:15", TEN),
        ("20.01.2026 10:15", TEN),
        ("20.01.2026", DAY),
        ("20/01/2026 - 10:15", TEN),
        ("01/20/2026 10:15 AM", TEN),
        ("01/20/2026 10:15:00 PM", "2026-01-20T22:15:00Z"),
        ("January 20, 2026 10:15 a.m.", TEN),
        ("Jan. 20th, 2026, 10:15", TEN),
        ("20 января 2026, 10:15", TEN),
        ("20 січня 2026 10:15", TEN),
        ("20 janvier 2026 à 10h15", TEN),
        ("20 de enero de 2026 10:15", TEN),
        ("20. Januar 2026, 10:15 Uhr", TEN),
        ("20 Ocak 2026 10:15", TEN),
        ("20 stycznia 2026 10:15", TEN),
        ("20 Ιανουαρίου 2026 10:15", TEN),
        ("٢٠ يناير 2026 10:15", TEN),
        ("1768904100", TEN),
        ("1768904100000", TEN),
        ("yesterday", None),
        ("", None),
        ("0000-00-00 00:00:00", None),
        ("2026-13-45", None),
    ],
)
def test_forms(text: str, expected: str | None) -> None:
    assert in_feed(text) == expected


@given(st.text() | st.from_regex(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4} \d{1,2}:\d\d ?[A-Z]{0,4}[+-]?\d{0,4}"))
def test_any_text_is_a_date_or_none(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or moment.tzinfo is UTC


def test_future_dates_give_way_and_old_ones_are_said() -> None:
    now = datetime(2026, 1, 20, 10, 0, tzinfo=UTC).timestamp()
    ahead = judged({"published_at": "2026-01-21T10:00:00Z"}, now)
    assert ahead == (
        {"published_at": None, "published_at_said": "2026-01-21T10:00:00Z", "date_problem": "future"},
        "future",
    )
    assert judged({"published_at": "2026-01-20T10:59:00Z"}, now)[1] is None  # a clock that is off
    old, problem = judged({"published_at": "2024-01-20T10:00:00Z"}, now)
    assert (old["published_at"], old["date_problem"], problem) == ("2024-01-20T10:00:00Z", "old", "old")
    assert judged({}, now) == ({}, None)
