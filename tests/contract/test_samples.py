"""The sample articles: valid, distinct, without labels, and led by the two stories that geonews must get right."""

import json
from pathlib import Path

import orjson
import pytest

from app.classification.evaluation import load_examples
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.steps.records import Article, Inbound
from app.steps.validate import validate

ROOT = Path(__file__).parents[2]
ROWS = [orjson.loads(line) for line in (ROOT / "samples" / "articles.jsonl").read_bytes().splitlines()]
RAW = {"url", "title", "summary", "text", "source", "published_at", "language"}


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [validate(Inbound("", 0, 0, 0, None, orjson.dumps(row))) for row in ROWS]


def test_every_article_is_valid_and_its_own(articles: list[Article]) -> None:
    assert len({article.url_key for article in articles}) == len(articles)
    assert len({article.content_key for article in articles}) == len(articles)
    assert all(article.published_at_source == "article" for article in articles)


def test_no_article_says_its_label() -> None:
    assert {key for row in ROWS for key in row} <= RAW


def test_real_events_come_with_their_page_and_all_written_rows_are_there() -> None:
    wikipedia = [row for row in ROWS if row["source"]["id"] == "wikipedia-current-events"]
    assert len(wikipedia) >= 200
    assert all(row["url"].startswith("https://en.wikipedia.org/wiki/Portal:Current_events/20") for row in wikipedia)
    texts = {row["text"] for row in ROWS}
    written = load_examples(ROOT / "data" / "labelled" / "written.jsonl")
    assert {each.document.text for each in written} <= texts
    assert len({row["language"] for row in ROWS}) >= 30


def test_the_mission_leads_and_comes_out_right(articles: list[Article]) -> None:
    classifier = build_classifier("lexicon", load_taxonomy())
    verdicts = classifier.classify([article.document for article in articles[:2]])
    assert [{score.topic for score in verdict.topics} for verdict in verdicts] == [
        {"trade-deals"},
        {"ukraine-war", "davos"},
    ]
    assert all(150 <= len(row["text"].split()) <= 300 for row in ROWS[:2])


def test_the_readme_counts_right() -> None:
    readme = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")
    assert f"{len(ROWS):,} raw articles" in readme
    mission = (ROOT / "samples" / "mission.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["url"] for line in mission] == [row["url"] for row in ROWS[:2]]
