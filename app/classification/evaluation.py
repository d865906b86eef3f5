"""Labelled data, its fixed split, and precision, recall and F1."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from app.classification.base import Classifier, Document

Split = Literal["dev", "test", "all"]
BATCH = 256
LENGTHS: Final = ("headline only", "under 60 words", "60 to 300 words", "over 300 words")
# Scripts that put no spaces between words: Thai to Khmer, kana, Chinese characters. Two of them make about one word.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class LabelledDataError(ValueError):
    """A labelled file cannot be read as such; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `kind` is "events" (English, one or two sentences) or "written" (many languages)."""

    id: str
    kind: Literal["events", "written"]
    document: Document
    labels: frozenset[str]
    hard: bool  # written to be hard, or, for events, a borderline case

    @property
    def split(self) -> Literal["dev", "test"]:
        """Which part of the data this belongs to: terms and weights are tuned on `dev` alone."""
        return split_of(self.kind, self.id)


@dataclass(slots=True)
class Counts:
    """True positives, false positives and false negatives of one topic or group."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    @property
    def precision(self) -> float:
        """Share of what was given that is right; 1 where nothing was given."""
        given = self.true_positives + self.false_positives
        return self.true_positives / given if given else 1.0

    @property
    def recall(self) -> float:
        """Share of what is right that was given; 1 where nothing is right."""
        right = self.true_positives + self.false_negatives
        return self.true_positives / right if right else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing was given and nothing is right."""
        total = 2 * self.true_positives + self.false_positives + self.false_negatives
        return 2 * self.true_positives / total if total else 1.0

    def add(self, given: bool, right: bool) -> None:
        """Count one decision."""
        self.true_positives += given and right
        self.false_positives += given and not right
        self.false_negatives += right and not given


@dataclass(slots=True)
class Report:
    """Counts over some examples; `micro` is over every topic together, `exact` how many examples are wholly right."""

    examples: int = 0
    exact: int = 0
    micro: Counts = field(default_factory=Counts)
    topics: dict[str, Counts] = field(default_factory=dict)

    def add(self, topics: Sequence[str], given: frozenset[str], right: frozenset[str]) -> None:
        """Count one example."""
        self.examples += 1
        self.exact += given.intersection(topics) == right.intersection(topics)
        for topic in topics:
            self.topics.setdefault(topic, Counts()).add(topic in given, topic in right)
            self.micro.add(topic in given, topic in right)


def split_of(kind: str, example_id: str) -> Literal["dev", "test"]:
    """The fixed split, by a hash of the id: half of the events and a fifth of the written rows are held out."""
    bucket = hashlib.sha256(example_id.encode()).digest()[0]
    return "test" if bucket < (128 if kind == "events" else 51) else "dev"


def written_id(row: Mapping[str, Any]) -> str:
    """The id of a written row, which has none of its own: `written-` and a hash of its language and text."""
    text = "\n".join((row["lang"], row["title"], row["text"]))
    return f"written-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def load_examples(path: Path) -> list[Example]:
    """Read labelled JSON lines: events ({id, text, labels}) or written rows ({lang, title, text, labels}).

    Raises LabelledDataError, or OSError where the file cannot be opened.
    """
    examples = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    examples.append(_example(orjson.loads(line)))
                except (KeyError, TypeError, ValueError) as error:
                    raise LabelledDataError(f"{path}, line {number}: not a labelled example: {error!r}") from None
    return examples


def _example(row: Mapping[str, Any]) -> Example:
    labels = frozenset(map(str, row["labels"]))
    if "lang" in row:
        document = Document(row["title"], "", row["text"], row["lang"])
        return Example(row.get("id") or written_id(row), "written", document, labels, bool(row.get("hard")))
    document = Document(row.get("title", ""), "", row["text"], "en")
    return Example(row["id"], "events", document, labels, bool(row.get("borderline")))


def words(text: str) -> int:
    """How many words a text has, about; two characters are one in scripts that put no spaces between words."""
    spaced = _UNSPACED.sub(" ", text)
    return sum(any(map(str.isalnum, word)) for word in spaced.split()) + len(_UNSPACED.findall(text)) // 2


def length_of(document: Document) -> str:
    """Which of LENGTHS a document's title, summary and text together have."""
    if not (document.text or document.summary):
        return LENGTHS[0]
    count = words(f"{document.title} {document.summary} {document.text}")
    return LENGTHS[1] if count < 60 else LENGTHS[2] if count <= 300 else LENGTHS[3]


def labelled_topics(examples: Iterable[Example], topics: Iterable[str]) -> list[str]:
    """Those of `topics` that some example has: of another the labels say nothing."""
    known = frozenset().union(*(example.labels for example in examples))
    return [topic for topic in topics if topic in known]


def in_split(examples: Iterable[Example], split: Split) -> list[Example]:
    """Those examples that belong to a split."""
    return [example for example in examples if split in ("all", example.split)]


def predict(classifier: Classifier, examples: Sequence[Example]) -> Iterator[tuple[Example, frozenset[str]]]:
    """Each example with the topics that the classifier gives it."""
    for start in range(0, len(examples), BATCH):
        batch = examples[start : start + BATCH]
        verdicts = classifier.classify([example.document for example in batch])
        for example, verdict in zip(batch, verdicts, strict=True):
            yield example, frozenset(score.topic for score in verdict.topics)


def evaluate(
    predictions: Iterable[tuple[Example, frozenset[str]]],
    topics: Sequence[str],
    group: Callable[[Example], str] = lambda _: "all",
) -> dict[str, Report]:
    """A report for each group of examples; groups come in the order in which they are first seen."""
    reports: dict[str, Report] = {}
    for example, given in predictions:
        reports.setdefault(group(example), Report()).add(topics, given, example.labels)
    return reports
