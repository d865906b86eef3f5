"""enrich: what an event says, whatever the article was."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.base import Evidence, TopicScore, Verdict
from app.steps.dedupe import Version
from app.steps.enrich import enrich, rfc3339
from app.steps.rejected import Rejected
from app.steps.validate import validate
from schemas.event import MAX_SUMMARY_CHARS, EnrichedEvent
from tests.unit.articles import LONG, NOW, WordClassifier, inbound, raw

VERDICT = Verdict((TopicScore("trade-deals", 0.9, 0.5, (Evidence("title", 0, 1, "A"),)),), "words")


FIRST = Version(1, None)


def event(version: Version = FIRST, **fields: Any) -> dict[str, Any]:
    record = inbound(raw(**fields), partition=2, offset=41)
    return enrich(validate(record), VERDICT, version, record, WordClassifier().info, NOW)


def test_an_event_says_where_it_comes_from_and_who_decided() -> None:
    made = event(Version(2, "ab" * 16), published_at="2026-01-20T12:00:00+02:00", language="en")
    assert (made["version"], made["supersedes"]) == (2, "ab" * 16)
    assert made["raw"] == {"topic": "geonews.raw.v1", "partition": 2, "offset": 41}
    assert made["classification"] == {
        "model": "words",
        "model_version": "1",
        "taxonomy_version": "1",
        "stage": "words",
    }
    assert (made["published_at"], made["published_at_source"]) == ("2026-01-20T10:00:00.000Z", "article")
    assert made["processed_at"] == "2026-01-20T10:15:00.000Z"
    assert made["topics"] == [
        {
            "topic": "trade-deals",
            "score": 0.9,
            "threshold": 0.5,
            "evidence": [{"field": "title", "start": 0, "end": 1, "text": "A"}],
        }
    ]
    EnrichedEvent.model_validate(made)


@pytest.mark.parametrize(
    ("fields", "title", "summary"),
    [
        ({"title": "T", "summary": "S", "text": "X"}, "T", "S"),
        ({"title": "T", "summary": None, "text": "X"}, "T", "X"),
        ({"title": None, "summary": "S", "text": "X"}, "S", "S"),
        ({"title": "<br>", "summary": "", "text": "X"}, "X", "X"),
        ({"title": "T", "summary": None, "text": None}, "T", ""),
    ],
)
def test_title_and_summary_come_from_what_there_is(fields: dict[str, Any], title: str, summary: str) -> None:
    made = event(**fields)
    assert (made["title"], made["summary"]) == (title, summary)


def test_a_long_summary_ends_at_a_word() -> None:
    made = event(summary="word " * 200)
    assert made["summary"] == "word " * 99 + "word…"
    assert event(summary="語" * 600)["summary"] == "語" * 499 + "…"
    assert event(summary="x" * MAX_SUMMARY_CHARS)["summary"] == "x" * MAX_SUMMARY_CHARS


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "9999-12-31T23:59:59.999Z"),
        (datetime(2026, 1, 20, 12, 0, 0, 5000, tzinfo=timezone(timedelta(hours=2))), "2026-01-20T10:00:00.005Z"),
    ],
)
def test_times(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


_text = st.none() | st.text(max_size=700) | st.text("ab <>&;\u202e\x00\n語👨\u200d", max_size=700)
_moments = st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
_sources = (
    st.none()
    | st.text()
    | st.fixed_dictionaries({}, optional={k: st.text() for k in ("id", "name", "domain", "country")})
)


@given(_text, _text, _text, _moments, _sources, st.sampled_from([None, "en", "zh-Hant", "pt_BR"]))
def test_every_event_keeps_the_contract(
    title: str | None, summary: str | None, text: str | None, at: str | None, source: Any, language: str | None
) -> None:
    try:
        made = event(title=title, summary=summary, text=text, published_at=at, source=source, language=language)
    except Rejected:
        return
    read = EnrichedEvent.model_validate_json(orjson.dumps(made))
    assert len(read.summary) <= MAX_SUMMARY_CHARS
    assert read.title
    assert read.source.domain
    for field in (read.title, read.summary, read.source.name, read.source.id):
        assert not any(mark in field for mark in ("\u202e", "\x00", "\n", "<a", "<b"))


def test_the_model_refuses_what_the_contract_does_not_name() -> None:
    with pytest.raises(ValueError, match="extra"):
        EnrichedEvent.model_validate(event() | {"extra": 1})
    assert LONG in event()["summary"]


def test_the_catalogue_knows_the_publisher_by_its_domain() -> None:
    known = event(url="https://www.bbc.co.uk/news/1", source=None)["source"]
    assert known == {
        "id": "bbc-world",
        "name": "BBC News",
        "domain": "bbc.co.uk",
        "country": "GB",
        "family": "bbc",
        "tier": 1,
    }
    claimed = event(url="https://tass.com/1", source={"id": "mine", "name": "Mine", "country": "US"})
    assert claimed["source"] == {
        "id": "mine",
        "name": "Mine",
        "domain": "tass.com",
        "country": "RU",
        "family": "russian-state",
        "tier": 3,
    }
    unknown = event(url="https://unheard.example/1", source=None)
    assert (unknown["source"]["family"], unknown["source"]["tier"]) == ("unheard.example", None)
    assert event(url="https://www.bbc.co.uk/news/1")["importance"] > unknown["importance"]


def test_importance_is_the_sum_of_the_parts_that_the_event_lists() -> None:
    made = event(title="Canada and South Korea sign a deal", text="Ottawa and Seoul agreed.")
    assert sum(made["importance_parts"].values()) == pytest.approx(made["importance"], abs=1e-9)
    assert all(made["importance_parts"][part] > 0 for part in ("certainty", "focus", "reach", "source"))


@pytest.mark.parametrize(("said", "carried"), [("future", "future"), ("old", "old"), ("odd", None), ([1], None)])
def test_what_the_poller_found_wrong_with_the_date_stays_with_the_event(said: Any, carried: str | None) -> None:
    assert event(date_problem=said)["date_problem"] == carried
    assert event()["date_problem"] is None


def test_only_a_trade_deal_has_a_stage_and_only_the_war_has_sides() -> None:
    record = inbound(raw(title="Canada signs a deal; missiles hit Kyiv", language="en"))
    sides = {}
    for name in ("trade-deals", "ukraine-war", "davos"):
        verdict = Verdict((TopicScore(name, 0.9, 0.5),), "words")
        made = enrich(validate(record), verdict, FIRST, record, WordClassifier().info, NOW)
        sides[name] = (made["deal_stage"], made["war_facets"])
    assert sides == {"trade-deals": ("signed", []), "ukraine-war": (None, ["strike"]), "davos": (None, [])}


def test_the_memorandum_of_canada_and_south_korea() -> None:
    made = event(
        title="Canada, South Korea sign auto and critical minerals deal as hedge against United States",
        text="Ottawa and Seoul signed a memorandum on electric vehicles, battery supply, critical minerals and "
        "artificial intelligence, Prime Minister Mark Carney said.",
        language="en",
    )
    assert {country["code"] for country in made["countries"]} == {"CA", "KR", "US"}
    assert set(made["sectors"]) == {"autos", "batteries", "critical-minerals", "ai"}
    assert made["deal_stage"] == "signed"
    assert made["people"] == [{"name": "Mark Carney", "wikidata": "Q192533", "mentions": 1}]
