"""Shadow mode: a second classifier reads what the live one reads, publishes nothing, and what differs is noted.

The note is a file of JSON lines, `shadow.jsonl`: `{"agreed": N}` for each batch, and one line for each text on which
the two differ. The shadow works in a thread of its own: it may be slow, fall behind or fail unnoticed by the live one.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from app.classification.base import Classifier, Document, ModelInfo, Verdict

FILE: Final = "shadow.jsonl"  # in GEONEWS_HOME
BACKLOG: Final = 20  # batches that wait for a slow shadow, while it has as many in hand; others are not compared
LARGEST: Final = 32 << 20  # bytes, after which the file begins anew and the old one is kept as `.1`
_EXCERPT: Final = 200

_Batch = tuple[Sequence[Document], list[Verdict]]


class ShadowClassifier:
    """The live classifier, watched. `build` makes the shadow, in its own thread."""

    def __init__(self, live: Classifier, build: Callable[[], Classifier], path: Path) -> None:
        self._live = live
        self._path = path
        self._waiting: queue.Queue[_Batch] = queue.Queue(BACKLOG)
        threading.Thread(target=self._work, args=(build,), name="shadow", daemon=True).start()

    @property
    def info(self) -> ModelInfo:
        """The live classifier's."""
        return self._live.info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """The live classifier's answer, as soon as it is there."""
        verdicts = self._live.classify(documents)
        with suppress(queue.Full):  # what is not compared is missing from both sides of the report
            self._waiting.put_nowait((documents, verdicts))
        return verdicts

    def settle(self) -> None:
        """Wait until everything that was handed over is compared."""
        self._waiting.join()

    def _work(self, build: Callable[[], Classifier]) -> None:
        shadow: Classifier | None = None
        while True:
            batches = self._all_that_waits()
            try:
                shadow = shadow or build()
                lines = _compared(shadow, batches)
            except Exception as error:  # whatever a trial classifier raises is a finding, not a failure
                lines = [_failure(error)] * len(batches)
            self._note(lines)
            for _ in batches:
                self._waiting.task_done()

    def _all_that_waits(self) -> list[_Batch]:
        """At least one batch; what has come meanwhile goes together, which a model reads faster."""
        batches = [self._waiting.get()]
        with suppress(queue.Empty):
            while True:
                batches.append(self._waiting.get_nowait())
        return batches

    def _note(self, lines: list[dict[str, Any]]) -> None:
        # A full disk must not end the thread: the queue would fill, and comparing would stop for good.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size > LARGEST:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            with self._path.open("ab") as file:  # one write: workers of one host may share the file
                file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def _compared(shadow: Classifier, batches: list[_Batch]) -> list[dict[str, Any]]:
    try:
        everything = [document for documents, _ in batches for document in documents]
        answers = shadow.classify(everything)
        if len(answers) != len(everything):
            raise RuntimeError(f"{len(answers)} answers for {len(everything)} texts")
        rest = iter(answers)
        return [line for texts, live in batches for line in compare(texts, live, list(islice(rest, len(texts))))]
    except Exception as error:  # so each batch is tried alone: one that it cannot answer spoils no other
        if len(batches) == 1:
            return [_failure(error)]
        return [line for batch in batches for line in _compared(shadow, [batch])]


def _failure(error: Exception) -> dict[str, Any]:
    return {"error": f"{type(error).__name__}: {error}"[:_EXCERPT]}


def compare(documents: Sequence[Document], live: Sequence[Verdict], shadow: Sequence[Verdict]) -> list[dict[str, Any]]:
    """How many agree, then one line for each text on whose topics the two differ."""
    differing = [
        {
            "title": document.title or document.text[:_EXCERPT],
            "language": document.language,
            "live": _topics(mine),
            "shadow": _topics(other),
            "stages": [mine.stage, other.stage],
        }
        for document, mine, other in zip(documents, live, shadow, strict=True)
        if _topics(mine).keys() != _topics(other).keys()
    ]
    return [{"agreed": len(documents) - len(differing)}, *differing]


def _topics(verdict: Verdict) -> dict[str, float]:
    return {score.topic: round(score.score, 3) for score in verdict.topics if score.accepted}
