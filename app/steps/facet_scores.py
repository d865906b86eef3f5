"""How well `facets` agrees with labelled articles."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.classification.base import Document
from app.steps.facets import deal_stage, war_facets
from app.steps.gazetteer import scan
from app.steps.label_scores import LabelScores


def evaluate_stages(rows: Iterable[Mapping[str, Any]]) -> LabelScores:
    """Scores of rows `{lang, title, text, stage}`; the article's whole text counts as near the topic."""
    scores = LabelScores()
    for row in rows:
        document = Document(row["title"], "", row["text"], row["lang"])
        found = deal_stage(document, scan(document), ())
        labelled: set[str] = {row["stage"]} if row["stage"] else set()
        scores.add(row, labelled, {found} if found else set())
    return scores


def evaluate_facets(rows: Iterable[Mapping[str, Any]]) -> LabelScores:
    """Scores of rows `{lang, title, text, facets}`."""
    scores = LabelScores()
    for row in rows:
        document = Document(row["title"], "", row["text"], row["lang"])
        scores.add(row, set(row["facets"]), set(war_facets(document, scan(document), ())))
    return scores
