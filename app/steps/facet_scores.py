"""How well `facets` agrees with labelled articles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.classification.base import Document
from app.steps.facets import deal_stage, war_facets
from app.steps.gazetteer import scan


@dataclass(slots=True)
class FacetScores:
    """Counts over (article, label) pairs; `wrong` describes the articles with an error."""

    right: int = 0
    extra: int = 0
    missed: int = 0
    articles: int = 0
    exact: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Micro-averaged; 1 when nothing was labelled or found."""
        both = 2 * self.right + self.extra + self.missed
        return 2 * self.right / both if both else 1.0

    def add(self, row: Mapping[str, Any], labelled: set[str], found: set[str]) -> None:
        """Count one article."""
        self.articles += 1
        self.exact += labelled == found
        self.right += len(labelled & found)
        self.extra += len(found - labelled)
        self.missed += len(labelled - found)
        if labelled != found:
            self.wrong.append(f"[{row['lang']}] {row['title'][:70]}: {sorted(found)}, labelled {sorted(labelled)}")


def evaluate_stages(rows: Iterable[Mapping[str, Any]]) -> FacetScores:
    """Scores of rows `{lang, title, text, stage}`; the article's whole text counts as near the topic."""
    scores = FacetScores()
    for row in rows:
        document = Document(row["title"], "", row["text"], row["lang"])
        found = deal_stage(document, scan(document), ())
        labelled: set[str] = {row["stage"]} if row["stage"] else set()
        scores.add(row, labelled, {found} if found else set())
    return scores


def evaluate_facets(rows: Iterable[Mapping[str, Any]]) -> FacetScores:
    """Scores of rows `{lang, title, text, facets}`."""
    scores = FacetScores()
    for row in rows:
        document = Document(row["title"], "", row["text"], row["lang"])
        scores.add(row, set(row["facets"]), set(war_facets(document, scan(document), ())))
    return scores
