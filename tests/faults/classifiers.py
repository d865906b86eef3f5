"""Classifiers that misbehave on command, plugged in by GEONEWS_CLASSIFIER=python:tests.faults.classifiers:moody.

What a worker's classifier does is read, for each batch, from the file that GEONEWS_FAULT_FILE names: empty or missing:
as it should; `slow SECONDS` for each batch; `fail`: for everything; `hang`: for ever. A title that contains POISON
always makes it raise, alone or in company.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.taxonomy import Taxonomy

SPEC: Final = "python:tests.faults.classifiers:moody"
FILE: Final = "GEONEWS_FAULT_FILE"
POISON: Final = "POISONED"
_SIGNS: Final = {"trade-deals": "trade agreement", "ukraine-war": "war in Ukraine", "davos": "Davos"}


class Signs:
    """Finds a topic wherever its sign stands: what is tested here is delivery, so the verdict must be plain."""

    info = ModelInfo("signs", "1", "1")

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document."""
        return [self._verdict(f"{document.title} {document.text}") for document in documents]

    def _verdict(self, text: str) -> Verdict:
        return Verdict(tuple(TopicScore(topic, 1.0, 0.5) for topic, sign in _SIGNS.items() if sign in text), "signs")


class Moody(Signs):
    """Answers in the mood that the file names."""

    def __init__(self, mood: Path) -> None:
        self._mood = mood

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """What the signs say, after the mood of the moment has had its way."""
        mood, _, argument = (self._mood.read_text() if self._mood.exists() else "").partition(" ")
        if mood == "slow":
            time.sleep(float(argument))
        if mood == "hang":
            time.sleep(3600)
        if mood == "fail":
            raise ConnectionError("the model does not answer")
        if any(POISON in document.title for document in documents):
            raise ValueError("a document that this model chokes on")
        return super().classify(documents)


def moody(_taxonomy: Taxonomy) -> Moody:
    """The factory that GEONEWS_CLASSIFIER names."""
    return Moody(Path(os.environ[FILE]))
