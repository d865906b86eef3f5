"""Answers of the encoder for texts that it had not learned from, kept so that decisions can be made anew from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from app.classification.cascade import lexicon_odds
from app.classification.evaluation import Example, in_split, load_examples
from app.classification.lexicon import LexiconClassifier
from app.classification.training.decide import HeldOut
from app.classification.training.errors import TrainingError

FILE: Final = "held-out.json"


def save(directory: Path, names: Sequence[str], logits: Any, topics: Sequence[str]) -> None:
    """Write cross-fitted logits [rows, topics] by row id."""
    scores = {name: [round(float(x), 3) for x in own] for name, own in zip(names, logits, strict=True)}
    (directory / FILE).write_bytes(orjson.dumps({"topics": list(topics), "logits": scores}) + b"\n")


def load(directory: Path, labelled: Sequence[Path], extra: Sequence[Path], lexicon: LexiconClassifier) -> HeldOut:
    """The kept logits of texts that still exist, beside the lexicon as it is now.

    Raises TrainingError when there are none, LabelledDataError or OSError when a labelled file cannot be read.
    """
    path = directory / FILE
    try:
        kept: Mapping[str, Any] = orjson.loads(path.read_bytes())
        topics: list[str] = kept["topics"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: {error}; `make model` makes it") from error
    dev = {each.id: each for each in in_split((each for file in labelled for each in load_examples(file)), "dev")}
    fresh = {each.id: each for file in extra for each in load_examples(file) if each.id not in dev}
    known: list[Example] = [each for each in [*dev.values(), *fresh.values()] if each.id in kept["logits"]]
    if not known:
        raise TrainingError(f"{path} is about none of the labelled texts; `make model` makes it anew")
    readings = [lexicon.read(each.document) for each in known]
    odds = [lexicon_odds(reading) for reading in readings]
    return HeldOut(
        topics,
        np.array([[own.get(topic, 0.0) for topic in topics] for own in odds]),
        np.array([[own.scores.get(topic) == lexicon.silent.get(topic) for topic in topics] for own in readings]),
        np.array([kept["logits"][each.id] for each in known], float),
        np.array([[topic in each.labels for topic in topics] for each in known]),
        np.array([each.id in fresh for each in known]),
    )
