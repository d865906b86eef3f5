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
# What a text counts. Fresh rows resemble real news and nothing was made on them. The lexicon's terms were made on the
# labelled texts and on training rows, and these were written to be hard: they count for less.
FRESH: Final = 1.0
LABELLED: Final = 0.5
WRITTEN: Final = 0.1


def save(directory: Path, names: Sequence[str], logits: Any, topics: Sequence[str]) -> None:
    """Write cross-fitted logits [rows, topics] by row id."""
    scores = {name: [round(float(x), 3) for x in own] for name, own in zip(names, logits, strict=True)}
    (directory / FILE).write_bytes(orjson.dumps({"topics": list(topics), "logits": scores}) + b"\n")


def load(
    directory: Path,
    lexicon: LexiconClassifier,
    labelled: Sequence[Path],
    written: Sequence[Path],
    fresh: Sequence[Path] = (),
) -> HeldOut:
    """The kept logits of texts that still exist, beside the lexicon as it is now.

    Files are of labelled texts, of which the `dev` split counts, of training rows, and of fresh rows. Raises
    TrainingError when there are none, LabelledDataError or OSError when a file cannot be read.
    """
    path = directory / FILE
    try:
        kept: Mapping[str, Any] = orjson.loads(path.read_bytes())
        topics: list[str] = kept["topics"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: {error}; `make model` makes it") from error
    groups = (
        (LABELLED, in_split(read_all(labelled), "dev")),
        (WRITTEN, read_all(written)),
        (FRESH, read_all(fresh)),
    )
    counts: dict[str, float] = {}
    known: list[Example] = []
    for count, examples in groups:
        for each in examples:
            if each.id in kept["logits"] and each.id not in counts:
                counts[each.id] = count
                known.append(each)
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
        np.array(list(counts.values())),
    )


def read_all(files: Sequence[Path]) -> list[Example]:
    """Examples of several files, in order. Raises LabelledDataError or OSError."""
    return [each for file in files for each in load_examples(file)]
