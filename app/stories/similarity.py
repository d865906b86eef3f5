"""How likely two articles are about one happening: a logistic model over what they share, kind by kind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import orjson

from app.classification.taxonomy import config_directory
from app.stories.article import HOUR_MS, Article, Kind

WEIGHTS_FILE: Final = "weights.json"
NAMES: Final = (
    "bias", "same language", "word alike", "word alike, same language", "word shared", "name alike", "name shared",
    "number alike", "number shared", "numbers, none shared", "place alike", "place shared", "place opposed",
    "who alike", "who shared", "who opposed", "what alike", "what shared", "what apart", "topic alike", "days",
    "days, squared", "embedding", "embedding, other language",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """Weights in the order of NAMES: with embeddings, and for pairs of which one has none."""

    with_embedding: tuple[float, ...]
    without: tuple[float, ...]

    def log_odds(self, one: Article, other: Article) -> float:
        """Log-odds that both are about one happening."""
        both = bool(one.embedding) and len(one.embedding) == len(other.embedding)
        weights = self.with_embedding if both else self.without
        return math.fsum(w * x for w, x in zip(weights, compared(one, other), strict=True))


@cache
def shipped_model() -> Model:
    """The weights that `geonews evaluate stories --fit` has written."""
    found = orjson.loads((config_directory() / "stories" / WEIGHTS_FILE).read_bytes())
    return Model(*(tuple(found[which][name] for name in NAMES) for which in ("with_embedding", "without")))


def compared(one: Article, other: Article) -> list[float]:
    """What the model weighs, in the order of NAMES; the same whichever article comes first."""
    same = 1.0 if one.language == other.language else 0.0
    alike, shared, apart, opposed = zip(*map(_overlap, one.vector, other.vector), strict=True)
    days = abs(one.at_ms - other.at_ms) / (24 * HOUR_MS)
    number_shared = shared[Kind.NUMBER]
    cosine = closeness(one.embedding, other.embedding)
    return [
        1.0,
        same,
        alike[Kind.WORD],
        same * alike[Kind.WORD],
        shared[Kind.WORD],
        alike[Kind.NAME],
        shared[Kind.NAME],
        alike[Kind.NUMBER],
        number_shared,
        0.0 if number_shared or not (one.vector[Kind.NUMBER] and other.vector[Kind.NUMBER]) else 1.0,
        alike[Kind.PLACE],
        shared[Kind.PLACE],
        opposed[Kind.PLACE],
        alike[Kind.WHO],
        shared[Kind.WHO],
        opposed[Kind.WHO],
        alike[Kind.WHAT],
        shared[Kind.WHAT],
        apart[Kind.WHAT],
        alike[Kind.TOPIC],
        min(days, 5.0),
        min(days, 5.0) ** 2,
        cosine,
        cosine * (1.0 - same),
    ]


def _overlap(one: dict[int, int], other: dict[int, int]) -> tuple[float, float, float, float]:
    """(shared part of both, from 0 to 1; how much is shared, is not, and contradicts, in logarithms).

    What contradicts is what each has and the other lacks, as in two treaties of one country with different partners;
    a short report that leaves out half of what a long one has contradicts nothing.
    """
    if not one or not other:
        return 0.0, 0.0, 0.0, 0.0
    if len(one) > len(other):
        one, other = other, one
    common = own = met = 0
    for feature, weight in one.items():
        if feature in other:
            common += min(weight, other[feature])
            met += other[feature]
        else:
            own += weight
    others = sum(other.values())
    both = sum(one.values()) + others
    opposed = min(own, others - met)
    return 2 * common / both, math.log1p(common / 32), math.log1p((both - 2 * common) / 32), math.log1p(opposed / 32)


def closeness(one: bytes, other: bytes) -> float:
    """Cosine of two embeddings of 8 bits a number, exactly; 0 where there is none."""
    if not one or len(one) != len(other):
        return 0.0
    a, b = np.frombuffer(one, np.int8).astype(np.int32), np.frombuffer(other, np.int8).astype(np.int32)
    return int(a @ b) / math.sqrt(int(a @ a) * int(b @ b) or 1)


def eight_bits(embedding: Sequence[float]) -> bytes:
    """An embedding of length 1 with 8 bits a number."""
    vector = np.asarray(embedding, np.float32)
    largest = float(np.abs(vector).max()) or 1.0
    return np.round(vector * (127 / largest)).astype(np.int8).tobytes()
