"""Do the scores of live articles still look like those that the classifier was made with?

The population stability index compares two distributions over the same bins: the sum of (p - q) ln(p / q). Below 0.1
nothing has moved, above 0.25 something has. Only scores with which an article was accepted are compared: how many
articles are relevant at all differs between any two sources, and says nothing about the classifier.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Final

import orjson

from app.classification.base import Classifier, Document, Verdict
from app.classification.taxonomy import config_directory

FILE: Final = "score-baseline.json"
EDGES: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # upper ends; what is above the last is a bin too
WINDOW: Final = 1000
LEAST: Final = 200  # with fewer scores chance alone moves the index by a tenth

Baseline = Mapping[str, Sequence[int]]  # by topic: how many accepted scores fell into each bin


def bin_of(score: float) -> int:
    """The bin that `score` falls into."""
    return bisect_left(EDGES, score)


def stability_index(live: Sequence[int], baseline: Sequence[int]) -> float:
    """The index of two histograms of counts. Each bin has half a count added: an empty one would make it infinite."""
    size = len(baseline)
    p_total, q_total = sum(live) + size / 2, sum(baseline) + size / 2
    shares = [((a + 0.5) / p_total, (b + 0.5) / q_total) for a, b in zip(live, baseline, strict=True)]
    return sum((p - q) * log(p / q) for p, q in shares)


def accepted_bins(verdicts: Iterable[Verdict]) -> dict[str, list[int]]:
    """By topic: how many of the accepted scores fall into each bin."""
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        for score in verdict.topics:
            if score.accepted:
                counts.setdefault(score.topic, [0] * (len(EDGES) + 1))[bin_of(score.score)] += 1
    return dict(sorted(counts.items()))


def measure(classifier: Classifier, documents: Sequence[Document]) -> dict[str, list[int]]:
    """The baseline of `classifier`: what it says of the texts that it was made with."""
    return accepted_bins(classifier.classify(documents))


def load_baseline(model: str, path: Path | None = None) -> Baseline:
    """The baseline of a model, by its name; empty where there is none. Raises ValueError for a file that is damaged."""
    file = path or config_directory() / FILE
    if not file.is_file():
        return {}
    kept = orjson.loads(file.read_bytes())
    if list(kept["edges"]) != list(EDGES):
        raise ValueError(f"{file} has other bins than this version: make it anew with `geonews drift baseline`")
    return dict(kept["models"].get(model, {}).get("topics", {}))


class Drift:
    """One topic's index over its last WINDOW accepted scores."""

    def __init__(self, baseline: Sequence[int]) -> None:
        self._baseline = baseline
        self._recent: deque[int] = deque()
        self._counts = [0] * len(baseline)

    def add(self, score: float) -> None:
        """One more accepted score."""
        if len(self._recent) == WINDOW:
            self._counts[self._recent.popleft()] -= 1
        self._recent.append(bin_of(score))
        self._counts[self._recent[-1]] += 1

    @property
    def index(self) -> float | None:
        """The index, or None while there are too few scores."""
        return stability_index(self._counts, self._baseline) if len(self._recent) >= LEAST else None
