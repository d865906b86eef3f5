"""Which articles share a rare feature with a new one: postings, newest last."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from app.stories.article import Article, Kind, Vector

# What more articles than this share says too little to look at them all; their newest are looked at.
_LONGEST: Final = 256
_FEATURES: Final = 32  # rarest features of an article by which others are looked for


class Index:
    """Articles by feature, and how many hold each. Exact, and the same after any restart: no approximation here."""

    def __init__(self) -> None:
        self._postings: dict[int, list[int]] = {}
        self._texts = 0

    def texts(self) -> int:
        """Articles held."""
        return self._texts

    def holding(self, feature: int) -> int:
        """Articles that hold the feature."""
        return len(self._postings.get(feature, ()))

    def add(self, article: Article) -> None:
        """Take in an article with a higher `seq` than any before."""
        self._texts += 1
        for feature in _keys(article.vector):
            self._postings.setdefault(feature, []).append(article.seq)

    def remove(self, article: Article) -> None:
        """Forget an article."""
        self._texts -= 1
        for feature in _keys(article.vector):
            postings = self._postings[feature]
            if len(postings) == 1:
                del self._postings[feature]
            else:
                del postings[bisect_left(postings, article.seq)]

    def near(self, vector: Vector, most: int) -> list[int]:
        """Numbers of at most so many articles that share most with `vector`, best first."""
        held = [(weight, key) for key, weight in _looked_for(vector).items() if key in self._postings]
        scores: dict[int, int] = {}
        for weight, key in sorted(held, reverse=True)[:_FEATURES]:
            for seq in self._postings[key][-_LONGEST:]:
                scores[seq] = scores.get(seq, 0) + weight
        return sorted(scores, key=lambda seq: (-scores[seq], -seq))[:most]


def _pairs(vector: Vector) -> Iterator[tuple[int, int]]:
    """Combinations that are rarer than their parts: two countries, a country and a concept. (weight, key)."""
    places = sorted(vector[Kind.PLACE].items(), key=lambda one: (-one[1], one[0]))[:4]
    for (one, weight), (other, more) in combinations(sorted(places), 2):
        yield weight + more, one * 31 ^ other
    for place, weight in places[:3]:
        for concept, more in vector[Kind.WHAT].items():
            yield weight + more, place * 37 ^ concept


def _keys(vector: Vector) -> Iterable[int]:
    """Every key under which an article is found, each once; only these kinds have rare features."""
    keys = dict[int, None]()
    for kind in vector:
        keys.update(dict.fromkeys(kind))
    keys.update((key, None) for _, key in _pairs(vector))
    return keys


def _looked_for(vector: Vector) -> dict[int, int]:
    keys: dict[int, int] = {}
    for kind in (Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.WHO, Kind.WHAT):
        keys |= vector[kind]
    for weight, key in _pairs(vector):
        keys[key] = max(weight, keys.get(key, 0))
    return keys
