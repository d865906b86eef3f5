"""What is trained on: labelled `dev` rows and extra rows, without anything that resembles a held-out text."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.classification.base import Document
from app.classification.evaluation import Example, load_examples
from app.classification.training.errors import TrainingError

SHINGLE: Final = 5  # characters
SAME_STORY: Final = 0.3  # share of shingles in common (Jaccard) from which two texts count as one story
_BUCKETS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn from. Rows of one `story` are always in the same `fold`."""

    example: Example
    extra: bool  # from data/training: nobody tuned the lexicon on it
    story: int
    fold: int

    @property
    def document(self) -> Document:
        """The text."""
        return self.example.document


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows, and how many were left out because they resemble a held-out text."""

    rows: list[Row]
    left_out: int


def load_rows(labelled: Sequence[Path], extra: Sequence[Path], folds: int) -> Rows:
    """Read all files; fold by a hash of each story's first row. Raises TrainingError, LabelledDataError or OSError."""
    examples = [example for path in labelled for example in load_examples(path)]
    more = {example.id: example for path in extra for example in load_examples(path)}
    known = {example.id for example in examples}
    more = {name: example for name, example in more.items() if name not in known}
    everything = [*examples, *more.values()]
    held_out = [example.split == "test" and example.id not in more for example in everything]
    stories = same_story([_text(example) for example in everything])
    forbidden = {story for story, test in zip(stories, held_out, strict=True) if test}
    first: dict[int, str] = {}
    rows, left_out = [], 0
    for example, story, test in zip(everything, stories, held_out, strict=True):
        if test:
            continue
        if story in forbidden:
            left_out += 1
            continue
        name = first.setdefault(story, example.id)
        fold = hashlib.sha256(f"fold {name}".encode()).digest()[0] % folds
        rows.append(Row(example, example.id in more, story, fold))
    if not rows:
        raise TrainingError("there is nothing to train on: run this in a checkout of geonews")
    return Rows(rows, left_out)


def same_story(texts: Sequence[str]) -> list[int]:
    """A number for each text; texts that share `SAME_STORY` of their shingles, directly or in a chain, share it."""
    from scipy.sparse import csr_matrix

    sets = [_shingles(text) for text in texts]
    ends = np.cumsum([0, *map(len, sets)])
    places = np.fromiter((at for found in sets for at in found), np.int64, int(ends[-1]))
    matrix: Any = csr_matrix((np.ones(len(places), np.int32), places, ends), shape=(len(texts), _BUCKETS))
    common: Any = (matrix @ matrix.T).tocoo()
    sizes = np.diff(ends)
    union = sizes[common.row] + sizes[common.col] - common.data
    close = common.data >= SAME_STORY * union
    parents = list(range(len(texts)))
    for left, right in zip(common.row[close], common.col[close], strict=True):
        parents[_root(parents, int(left))] = _root(parents, int(right))
    return [_root(parents, at) for at in range(len(texts))]


def _root(parents: list[int], at: int) -> int:
    while parents[at] != at:
        parents[at] = at = parents[parents[at]]
    return at


def _shingles(text: str) -> set[int]:
    plain = " ".join(text.lower().split())
    spans: Iterable[str] = (plain[at : at + SHINGLE] for at in range(max(1, len(plain) - SHINGLE + 1)))
    return {int.from_bytes(hashlib.blake2b(span.encode(), digest_size=4).digest()) % _BUCKETS for span in spans}


def _text(example: Example) -> str:
    document = example.document
    return f"{document.title} {document.summary} {document.text}"
