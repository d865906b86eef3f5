"""An article as token windows: title and lead first, then title and further parts of the body."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from app.classification.base import Document

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

WINDOW: Final = 192  # tokens in a window, special ones included
TITLE: Final = 64  # of which at most so many are the title's
MOST_WINDOWS: Final = 5  # of one article: the lead and four more, spread over the body
_CHARS: Final = 16_000  # of a text that is looked at: no article that fits the windows is longer


class Window(NamedTuple):
    """Token ids with special tokens; `body` says that it is not the lead."""

    ids: list[int]
    body: bool


class Tokens:
    """Cuts documents into windows. Safe to share by threads."""

    def __init__(self, tokenizer: "PreTrainedTokenizerFast") -> None:
        self._tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self._begin, self._end, self.pad = (vocabulary[name] for name in ("<s>", "</s>", "<pad>"))

    @classmethod
    def load(cls, directory: Path) -> "Tokens":
        """The tokenizer that is saved in a directory. Raises OSError or ValueError when it cannot be read."""
        quiet()
        from transformers import PreTrainedTokenizerFast

        return cls(PreTrainedTokenizerFast.from_pretrained(directory, local_files_only=True))

    def windows(self, documents: Sequence[Document]) -> list[list[Window]]:
        """For each document its lead, then up to four windows further down; never an empty list."""
        titles = self._ids([document.title[:_CHARS] for document in documents])
        bodies = self._ids([_body(document) for document in documents])
        return [self._cut(title[:TITLE], body) for title, body in zip(titles, bodies, strict=True)]

    def padded(self, rows: Sequence[list[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Ids and mask, [rows, longest row]."""
        sizes = np.array([len(row) for row in rows])
        mask = np.arange(sizes.max()) < sizes[:, None]
        ids = np.full(mask.shape, self.pad, np.int64)
        ids[mask] = np.concatenate([np.asarray(row, np.int64) for row in rows])
        return ids, mask.astype(np.int32)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        found: list[list[int]] = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return found

    def _cut(self, title: list[int], body: list[int]) -> list[Window]:
        head = [self._begin, *title, self._end] if title else [self._begin]
        room = WINDOW - len(head) - 1
        starts = range(0, max(1, len(body)), room)
        if len(starts) > 1 and len(body) - starts[-1] < room // 4:
            starts = starts[:-1]  # a last few words are no part of their own
        chosen = starts if len(starts) <= MOST_WINDOWS else [starts[at] for at in _spread(len(starts))]
        return [Window([*head, *body[at : at + room], self._end], at > 0) for at in chosen]


def quiet() -> None:
    """Before transformers is imported: say nothing about PyTorch, and start no threads of the tokenizer's own."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _spread(count: int) -> list[int]:
    """`MOST_WINDOWS` places among `count`, the first and the last among them."""
    return [round(at * (count - 1) / (MOST_WINDOWS - 1)) for at in range(MOST_WINDOWS)]


def _body(document: Document) -> str:
    text = document.text
    if document.summary and not text.startswith(document.summary[:80]):
        text = f"{document.summary}\n{text}"
    return text[:_CHARS]
