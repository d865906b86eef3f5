"""Heads of topics that the shipped model does not know: logistic regression on its embeddings.

They are data, not part of the model: `taxonomy.heads.json` beside the taxonomy, written by `geonews topics add` and
`geonews topics train`. A head belongs to one version of the model.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.classification.decision import Decisions, TopicDecision
from app.classification.encoder import Encoder, Logits
from app.classification.taxonomy import Taxonomy, TaxonomyError, config_directory
from app.classification.tokens import Window
from app.classification.training.decide import HeldOut, decide, logistic

log = logging.getLogger(__name__)
# How far weights may go: embeddings have length 1, and `logistic` draws every weight towards 0.
_REACH: Final = 3.0
MISSED: Final = 0.02  # share of the examples that may lie where the lexicon's no needs no second opinion

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


class Head(BaseModel):
    """One topic's. A logit is `intercept` plus the dot product of `weights` and a text's embedding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = Field(description="version of the model whose embeddings it was trained on")
    examples: int = Field(description="how many texts that belong it has learned from")
    intercept: float
    weights: list[float]
    decision: TopicDecision


Heads = dict[str, Head]
_FILE: Final = TypeAdapter(Heads)


def heads_path(taxonomy: Taxonomy) -> Path:
    """Where the heads of a taxonomy stand: beside it, `taxonomy.yaml` → `taxonomy.heads.json`."""
    return (taxonomy.path or config_directory() / "taxonomy.yaml").with_suffix(".heads.json")


def load_heads(path: Path) -> Heads:
    """By topic id; none where the file does not exist. Raises TaxonomyError."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TaxonomyError(f"heads {path}: {error.strerror}") from None
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise TaxonomyError(f"heads {path}: {problem}; delete it, and run `geonews topics train` for each") from None


def save_heads(path: Path, heads: Mapping[str, Head]) -> None:
    """Write them by topic id."""
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(_FILE.dump_json(dict(heads)) + b"\n")
    temporary.replace(path)


def fit_head(embeddings: Floats, truth: Truth) -> Floats:
    """Intercept and weights, [1 + width], from embeddings [texts, width]. How common a topic is, `Line`s add later."""
    rows = np.column_stack([np.ones(len(embeddings)), embeddings * _REACH])
    found = logistic(rows, truth, np.ones(len(rows)), np.zeros(rows.shape[1]))
    return np.concatenate([found[:1], found[1:] * _REACH])


def head_logits(head: Floats, embeddings: Floats) -> Floats:
    """Log-odds [texts] by intercept and weights [1 + width]."""
    return np.asarray(head[0] + embeddings @ head[1:])


def fit_decision(scores: HeldOut, only_where_terms: bool) -> TopicDecision:
    """How lexicon and head decide one topic together, and when the lexicon's word is enough.

    Its no is enough where it costs MISSED of the examples at most; with `only_where_terms`, wherever no rule fires.
    """
    found = decide(scores)[scores.topics[0]]
    odds, truth = scores.lexicon[:, 0], scores.truth[:, 0]
    lowest = np.sort(odds[truth])
    cut = float(lowest[int(MISSED * len(lowest))]) - 0.005
    silent = odds[scores.silent[:, 0]]
    if only_where_terms and len(silent):
        cut = max(cut, float(silent.max()) + 0.005)
    # Below every text there is nothing to be certain of.
    return found.model_copy(update={"reject": round(cut, 3) if (odds <= cut).any() else None})


class EncoderWithHeads(Encoder):
    """An encoder that also knows the topics that have a head; one pass over a text gives the logits of all."""

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        digest = hashlib.sha256(_FILE.dump_json(heads)).hexdigest()[:12]
        topics = [*encoder.card.topics, *heads]
        card = encoder.card.model_copy(update={"topics": topics, "version": f"{encoder.card.version}+{digest}"})
        super().__init__(encoder._session, encoder._tokens, card)
        self._intercepts = np.array([head.intercept for head in heads.values()], np.float32)
        self._weights = np.array([head.weights for head in heads.values()], np.float32).T

    def window_logits(self, windows: Sequence[Window]) -> Logits:
        """[windows, topics]: the encoder's own, then those of the heads."""
        logits, embeddings = self._run(["logits", "embedding"], windows)
        return np.column_stack([logits, embeddings @ self._weights + self._intercepts])


def usable(heads: Heads, taxonomy: Taxonomy, encoder: Encoder) -> Heads:
    """Heads of this encoder's version for topics of the taxonomy that it does not know itself.

    One of another version is left out with a warning: its topic is then decided by terms alone.
    """
    wanted = {topic: heads[topic] for topic in taxonomy.topic_ids if topic in heads}
    found = {}
    for topic, head in wanted.items():
        if topic in encoder.card.topics:
            continue
        if head.encoder != encoder.card.version or not encoder.has_embeddings:
            log.warning(
                "the head of %s was trained on another model and is not used: geonews topics train %s --examples FILE",
                topic,
                topic,
            )
            continue
        found[topic] = head
    return found


def decisions_of(heads: Heads) -> Decisions:
    """How each topic that has a head is decided."""
    return {topic: head.decision for topic, head in heads.items()}
