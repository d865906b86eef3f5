"""Evidence of a model that shows none: the sentence without which it would be least sure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from app.classification.base import Document, Evidence, FieldName

MOST_SENTENCES: Final = 8  # that are tried: each costs as much as classifying the article's lead once more
_LONGEST: Final = 400  # characters
_FIELDS: Final[tuple[FieldName, ...]] = ("title", "summary", "text")
# Where a sentence ends: blanks after a stop, a stop of a script that needs no blank, the end of a line.
_BREAK: Final = re.compile(r"(?<=[.!?؟…।])[\"'”’»)]*\s+|(?<=[。！？।])|\n+")

Logits = npt.NDArray[np.float32]


def sentences(document: Document) -> Iterator[Evidence]:
    """Title, then sentences of summary and text, each as a span of its field; at most MOST_SENTENCES."""
    left = MOST_SENTENCES
    for field in _FIELDS:
        content: str = getattr(document, field)
        spans = [(0, len(content))] if field == "title" and content.strip() else _spans(content)
        for start, end in spans[:left]:
            yield Evidence(field, start, end, content[start:end])
        left -= min(left, len(spans))


def influential(document: Document, topic: int, logits: Callable[[Sequence[Document]], Logits]) -> tuple[Evidence, ...]:
    """The span without which the topic's logit falls most; `topic` is its place among the logits [documents, topics].

    None when nothing is left to leave out, or when no span speaks for the topic.
    """
    spans = list(sentences(document))
    if len(spans) < 2:
        return tuple(_short(span) for span in spans)
    found = logits([document, *(_without(document, span) for span in spans)])[:, topic]
    best = int(np.argmin(found[1:]))
    return (_short(spans[best]),) if found[best + 1] < found[0] else ()


def _spans(content: str) -> list[tuple[int, int]]:
    content = content[: _LONGEST * MOST_SENTENCES]
    breaks = list(_BREAK.finditer(content))
    starts = [0, *(found.end() for found in breaks)]
    ends = [*(found.start() for found in breaks), len(content)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if content[start:end].strip()]


def _without(document: Document, span: Evidence) -> Document:
    content: str = getattr(document, span.field)
    return replace(document, **{span.field: f"{content[: span.start]} {content[span.end :]}"})


def _short(span: Evidence) -> Evidence:
    text = span.text[:_LONGEST]
    return Evidence(span.field, span.start, span.start + len(text), text)
