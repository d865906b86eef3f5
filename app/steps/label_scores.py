"""Counts of labels found, not found and not there: what every measurement of enrichment adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class LabelScores:
    """Counts over (article, label) pairs; `wrong` holds (article, missed, extra labels) of those with an error."""

    right: int = 0
    extra: int = 0
    missed: int = 0
    articles: int = 0
    exact: int = 0
    wrong: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of the labels found that the article has; 1 when none was found."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 1.0

    @property
    def recall(self) -> float:
        """Share of the articles' labels that were found; 1 when there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, micro-averaged."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, row: Mapping[str, Any], labelled: set[str], found: set[str]) -> None:
        """Count one article, a row with `lang`, `title` and `text`."""
        self.articles += 1
        self.exact += labelled == found
        self.right += len(labelled & found)
        self.extra += len(found - labelled)
        self.missed += len(labelled - found)
        if labelled != found:
            name = f"[{row['lang']}] {row['title'] or row['text']}"
            self.wrong.append((name, sorted(labelled - found), sorted(found - labelled)))
