"""Training items: each row in a few forms (whole, headline alone, text alone), as token ids."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from app.classification.base import Document
from app.classification.tokens import Tokens
from app.classification.training.rows import Row

# Rows are padded to one of these lengths, so that the compiler sees few shapes.
LENGTHS: Final = (40, 64, 96, 128, 192)
# How often each form of a row is drawn in an epoch.
WHOLE: Final = 0.6
TEXT: Final = 0.2
HEADLINE: Final = 0.2
HEADLINE_WEIGHT: Final = 0.5  # a headline says less than its article was labelled for


@dataclass(frozen=True, slots=True)
class Item:
    """One form of one row; `row` is its index, `whole` marks the form that is evaluated."""

    row: int
    ids: list[int]
    chance: float  # of being drawn, beside the row's other forms
    weight: float  # in the loss
    whole: bool


def make_items(rows: Sequence[Row], tokens: Tokens, event: float) -> list[Item]:
    """The whole text of every row, and, of rows with a title and a text, either alone.

    A hard row gives no headline: its headline often says the opposite of the text, on purpose. `event` is the weight
    of real events.
    """
    forms: list[tuple[int, Document, float, float, bool]] = []
    for at, row in enumerate(rows):
        document = row.document
        forms.append((at, document, WHOLE, event if row.example.kind == "events" else 1.0, True))
        if document.title and document.text:
            forms.append((at, replace(document, title=""), TEXT, 1.0, False))
            if not row.example.hard:
                forms.append((at, replace(document, text="", summary=""), HEADLINE, HEADLINE_WEIGHT, False))
    windows = tokens.windows([form[1] for form in forms])
    return [
        Item(at, found[0].ids, chance, weight, whole)
        for (at, _, chance, weight, whole), found in zip(forms, windows, strict=True)
    ]


def padded(items: Sequence[Item], pad: int, length: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Ids [items, length] and mask [items, length] of 0 and 1."""
    ids = np.full((len(items), length), pad, np.int32)
    for at, item in enumerate(items):
        ids[at, : len(item.ids)] = item.ids
    sizes = np.array([len(item.ids) for item in items])
    return ids, (np.arange(length) < sizes[:, None]).astype(np.float32)


def length_of(item: Item) -> int:
    """The shortest of LENGTHS that holds the item."""
    return next(length for length in LENGTHS if len(item.ids) <= length)
