"""How well `countries.find` agrees with labelled articles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.classification.base import Document
from app.steps import countries


@dataclass(slots=True)
class CountryScores:
    """Counts over (article, country) pairs; `wrong` holds (title or text, missed, extra codes) of bad articles."""

    right: int = 0
    extra: int = 0
    missed: int = 0
    articles: int = 0
    exact: int = 0
    wrong: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of the countries found that are labelled; 1 when none was found."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 1.0

    @property
    def recall(self) -> float:
        """Share of the countries labelled that were found; 1 when none is labelled."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def evaluate_countries(rows: Iterable[Mapping[str, Any]], *, with_language: bool = True) -> CountryScores:
    """Micro-averaged scores of rows `{lang, title, text, countries}`; without language as if nobody had said it."""
    scores = CountryScores()
    for row in rows:
        language = row["lang"] if with_language else None
        found = {c.code for c in countries.find(Document(row["title"], "", row["text"], language))}
        labelled = set(row["countries"])
        scores.articles += 1
        scores.exact += found == labelled
        scores.right += len(found & labelled)
        scores.extra += len(found - labelled)
        scores.missed += len(labelled - found)
        if found != labelled:
            name = f"[{row['lang']}] {row['title'] or row['text']}"
            scores.wrong.append((name, sorted(labelled - found), sorted(found - labelled)))
    return scores
