"""A classifier whose taxonomy a test chooses: `red=davos,blue=trade-deals` gives a topic to every text with its word.

In another process by GEONEWS_CLASSIFIER=python:tests.word_classifier:from_environment and GEONEWS_TEST_WORDS;
GEONEWS_TEST_PAUSE makes it wait so many seconds before each answer.
"""

import os
import time
from collections.abc import Sequence
from typing import Final

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.taxonomy import Taxonomy

SPEC: Final = "python:tests.word_classifier:from_environment"
WORDS: Final = "GEONEWS_TEST_WORDS"
PAUSE: Final = "GEONEWS_TEST_PAUSE"


class Words:
    """Finds each word's topic wherever the word stands."""

    def __init__(self, words: str) -> None:
        self._words = dict(pair.split("=") for pair in words.split(","))
        self.info = ModelInfo("words", words, "1")

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document."""
        time.sleep(float(os.environ.get(PAUSE, "0")))
        return [self._verdict(f"{document.title} {document.text}") for document in documents]

    def _verdict(self, text: str) -> Verdict:
        topics = dict.fromkeys(topic for word, topic in self._words.items() if word in text)
        return Verdict(tuple(TopicScore(topic, 1.0, 0.5) for topic in topics), "words")


def from_environment(_taxonomy: Taxonomy) -> Words:
    """The factory that GEONEWS_CLASSIFIER names."""
    return Words(os.environ[WORDS])
