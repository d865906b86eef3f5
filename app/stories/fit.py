"""Fits the similarity model to labelled articles, and counts the background: what `--fit` writes to config/stories."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from app.classification.base import Document
from app.steps import countries, sectors
from app.steps.gazetteer import scan
from app.steps.story_input import Item
from app.stories.article import HOUR_MS, Article
from app.stories.similarity import NAMES, Model, compared
from app.stories.vectors import terms

_RIDGE: Final = 2.0
_STEPS: Final = 3000
_FEWEST: Final = 2  # texts that hold a feature, for it to be written down
_FAR_MS: Final = 5 * 24 * HOUR_MS
# What is shared speaks for one happening, what is apart against it, whatever a small set of pairs says.
_FREE: Final = ("bias", "same language", "embedding, other language")
_AGAINST: Final = (
    "numbers, none shared", "place opposed", "who opposed", "what apart", "days", "days, squared",
)  # fmt: skip
_SIGNS: Final = np.array([0.0 if name in _FREE else -1.0 if name in _AGAINST else 1.0 for name in NAMES])
_EMBEDDING: Final = [at for at, name in enumerate(NAMES) if name.startswith("embedding")]

Matrix = npt.NDArray[np.float64]


def count_background(documents: Iterable[Document]) -> str:
    """The content of background.txt: the number of texts, then a line for each frequency with its features."""
    held: Counter[int] = Counter()
    texts = 0
    for document in documents:
        texts += 1
        held.update({feature for kind in terms(_item(document)).values() for feature in kind})
    by_count: dict[int, list[int]] = defaultdict(list)
    for feature, count in held.items():
        if count >= _FEWEST:
            by_count[count].append(feature)
    lines = [f"{count} {','.join(np.base_repr(f, 36) for f in sorted(by_count[count]))}" for count in sorted(by_count)]
    return "\n".join([str(texts), *lines]) + "\n"


def _item(document: Document) -> Item:
    scanned = scan(document)
    found = countries.find(document, scanned)
    return {
        "title": document.title,
        "summary": (document.summary or document.text)[:500],
        "language": document.language,
        "countries": [{"code": country.code, "prominence": country.prominence} for country in found],
        "people": [],
        "organisations": [],
        "sectors": sectors.find(document, scanned),
        "topics": [],
    }


def fit(articles: Sequence[tuple[str, Article]], *, embedded: bool) -> Model:
    """The model for articles with the happening of each; `embedded` says that they have embeddings.

    An empty happening is one that no labelled article is about; whether two such are the same, nobody has said.
    """
    pairs = [
        (one, other, first == second)
        for (first, one), (second, other) in combinations(articles, 2)
        if abs(one.at_ms - other.at_ms) <= _FAR_MS and (first or second)
    ]
    x = np.array([compared(one, other) for one, other, _ in pairs])
    y = np.array([float(same) for _, _, same in pairs])
    blind = x.copy()
    blind[:, _EMBEDDING] = 0.0
    without = _logistic(blind, y)
    return Model(tuple(_logistic(x, y)) if embedded else tuple(without), tuple(without))


def _logistic(x: Matrix, y: Matrix) -> list[float]:
    """Weights of a logistic regression with a ridge, each of the sign that it must have; the first column is the bias.

    Accelerated gradient steps, each followed by a step back to the signs: convex, so the start does not matter.
    """
    scale = x.std(0)
    varies = scale > 1e-9
    varies[0], scale[0] = True, 1.0
    z = np.where(varies, x / np.maximum(scale, 1e-9), 0.0)
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0
    step = 1 / (0.25 * float(np.linalg.eigvalsh(z.T @ z)[-1]) + _RIDGE)
    weights = ahead = np.zeros(x.shape[1])
    for number in range(_STEPS):
        chance = 1 / (1 + np.exp(-z @ ahead))
        after = ahead - step * (z.T @ (chance - y) + ridge * ahead)
        after = np.where(_SIGNS * after < 0, 0.0, after)
        ahead = after + number / (number + 3) * (after - weights)
        weights = after
    return [round(float(weight), 4) for weight in np.where(varies, weights / np.maximum(scale, 1e-9), 0.0)]
