"""Identification of languages, on the labelled articles and their headlines."""

from pathlib import Path

import pytest

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.evaluation import load_examples
from app.classification.language import CERTAIN_ENOUGH, LANGUAGES, identify
from app.steps.dedupe import Version
from app.steps.enrich import enrich
from app.steps.validate import validate
from schemas.event import EnrichedEvent
from tests.unit.articles import NOW, inbound, raw

WRITTEN = load_examples(Path(__file__).parents[2] / "data" / "labelled" / "written.jsonl")


def _share_right(documents: list[tuple[Document, str | None]]) -> float:
    found = [(identify(document), language) for document, language in documents]
    return sum(each is not None and each.language == language for each, language in found) / len(found)


def test_articles_in_32_languages() -> None:
    assert {example.document.language for example in WRITTEN} <= set(LANGUAGES)
    assert _share_right([(example.document, example.document.language) for example in WRITTEN]) >= 0.995


def test_headlines_alone() -> None:
    titles = [(Document(e.document.title, "", ""), e.document.language) for e in WRITTEN if len(e.document.title) > 20]
    assert len(titles) > 600
    assert _share_right(titles) >= 0.94


def test_what_is_said_with_certainty_is_right() -> None:
    sure = [
        (found.language, e.document.language)
        for e in WRITTEN
        if (found := identify(Document(e.document.title, "", ""))) and found.score > 0.9
    ]
    assert len(sure) > 300
    assert sum(found == right for found, right in sure) / len(sure) >= 0.99


@pytest.mark.parametrize("text", ["", "OK", "12 345 678 901 234", "!!! ... ???", "A1 B2"])
def test_too_little_to_tell(text: str) -> None:
    assert identify(Document(text, "", "")) is None


def test_a_few_chinese_signs_are_enough_and_scores_are_probabilities() -> None:
    found = identify(Document("各国签署自由贸易协定", "", ""))
    assert found is not None
    assert (found.language, CERTAIN_ENOUGH <= found.score <= 1) == ("zh", True)


def test_an_event_says_the_language_that_its_article_does_not() -> None:
    said = WRITTEN[0].document
    for language, expected in ((None, ("zh", True)), ("zh-CN", ("zh-CN", False))):
        record = inbound(raw(title=said.title, text=said.text, language=language))
        verdict = Verdict((TopicScore("trade-deals", 0.9, 0.5),), "words")
        made = enrich(validate(record), verdict, Version(1, None), record, ModelInfo("words", "1", "1"), NOW)
        assert (made["language"], made["language_score"] is not None) == expected
        EnrichedEvent.model_validate(made)
