"""Examples of a topic: JSON lines that belong to it or, marked so, do not; and texts that nobody labelled for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.classification.base import Document
from app.classification.language import identify

FEWEST: Final = 8  # examples that belong to the topic: of fewer nothing can be learned, nor measured


class ExamplesError(ValueError):
    """A file of examples cannot be used; the message names the file, the line and what to correct."""


@dataclass(frozen=True, slots=True)
class TopicExample:
    """One text; `belongs` to the topic or not. Texts of one `story` are learned from, or tested on, together."""

    document: Document
    belongs: bool
    story: str
    given: bool = True  # False: background, which counts as not belonging because that is nearly always so

    @property
    def language(self) -> str:
        """Without region or script; "" where it is not known."""
        return (self.document.language or "").partition("-")[0].lower()


def load_topic_examples(paths: Iterable[Path], topic: str) -> list[TopicExample]:
    """Read rows of `title`, `summary`, `text` and `language` (or `lang`), any of them missing.

    A row belongs to the topic unless it says `"negative": true` or has `labels` without the topic; `story` is any name
    that rows about one event share. Raises ExamplesError, or OSError where a file cannot be opened.
    """
    examples: dict[Document, TopicExample] = {}
    for path in paths:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if line.strip():
                try:
                    example = _example(orjson.loads(line), topic)
                except (TypeError, ValueError, AttributeError) as error:
                    raise ExamplesError(f"{path}, line {number}: {error}") from None
                if examples.setdefault(example.document, example).belongs is not example.belongs:
                    raise ExamplesError(f"{path}, line {number}: this text stands there twice, once as a negative")
    found = list(examples.values())
    if (count := sum(example.belongs for example in found)) < FEWEST:
        raise ExamplesError(f"{count} examples belong to {topic}; {FEWEST} is the least, and 50 are a good number")
    return found


def load_background(path: Path) -> list[Document]:
    """Texts of JSON lines with `title`, `summary` or `text`, whatever else they have. Raises ExamplesError, OSError."""
    documents = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                documents.append(_document(orjson.loads(line)))
            except (TypeError, ValueError, AttributeError) as error:
                raise ExamplesError(f"{path}, line {number}: {error}") from None
    return documents


def background(documents: Iterable[Document], examples: Sequence[TopicExample]) -> list[TopicExample]:
    """Texts that nobody labelled for the topic, without those that are among the examples, each once."""
    known = {_plain(example.document) for example in examples}
    found: dict[str, TopicExample] = {}
    for document in documents:
        plain = _plain(document)
        if plain not in known:
            found.setdefault(plain, TopicExample(document, False, plain, given=False))
    return list(found.values())


def _example(row: Mapping[str, Any], topic: str) -> TopicExample:
    document = _document(row)
    labels = row.get("labels")
    if labels is not None and not isinstance(labels, list):
        raise ValueError("labels must be a list of topics")
    belongs = not row.get("negative", False) and (labels is None or topic in labels)
    return TopicExample(document, belongs, str(row.get("story") or _plain(document)))


def _document(row: Mapping[str, Any]) -> Document:
    title, summary, text = (str(row.get(name) or "").strip() for name in ("title", "summary", "text"))
    if not (title or summary or text):
        raise ValueError("it has neither title nor text")
    language = row.get("language") or row.get("lang")
    document = Document(title, summary, text, str(language) if language else None)
    if language is None and (identified := identify(document)):
        return Document(title, summary, text, identified.language)
    return document


def _plain(document: Document) -> str:
    return " ".join(f"{document.title} {document.summary} {document.text}".lower().split())
