"""How well `countries.find` agrees with labelled articles."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.classification.base import Document
from app.steps import countries
from app.steps.label_scores import LabelScores


def evaluate_countries(rows: Iterable[Mapping[str, Any]], *, with_language: bool = True) -> LabelScores:
    """Micro-averaged scores of rows `{lang, title, text, countries}`; without language as if nobody had said it."""
    scores = LabelScores()
    for row in rows:
        language = row["lang"] if with_language else None
        found = {c.code for c in countries.find(Document(row["title"], "", row["text"], language))}
        scores.add(row, set(row["countries"]), found)
    return scores
