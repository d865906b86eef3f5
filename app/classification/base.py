"""The `Classifier` protocol: the one extension point through which every model reaches the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

FieldName = Literal["title", "summary", "text"]


@dataclass(frozen=True, slots=True)
class Document:
    """What a classifier sees of an article: plain text, markup already removed; `language` is BCP 47 or None."""

    title: str
    summary: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of one field that speaks for a topic: `text == field[start:end]`, in Unicode code points."""

    field: FieldName
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class TopicScore:
    """One topic's score in [0, 1]; the article belongs to the topic when `score >= threshold`."""

    topic: str
    score: float
    threshold: float
    evidence: tuple[Evidence, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the article belongs to the topic."""
        return self.score >= self.threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    """A classifier's answer for one document: the topics that it belongs to (none: irrelevant) and who decided."""

    topics: tuple[TopicScore, ...]
    stage: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answers; published in every event."""

    model: str
    model_version: str
    taxonomy_version: str


class Classifier(Protocol):
    """Decides topics for batches of documents. Called from an executor thread: CPU-bound work is welcome."""

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        ...

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document, in order. Raises when it cannot answer for any reason."""
        ...
