"""A topic from examples: terms, points, and what quality to expect, by cross-validation.

Everything that is learned (terms, points, the model's head) is learned five times without a fifth of the stories, and
measured on that fifth. The topic that comes out learns from all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from app.classification.base import Document
from app.classification.decision import log_odds
from app.classification.heads import Floats, Head, Truth, fit_decision, fit_head, head_logits
from app.classification.lexicon import LexiconClassifier
from app.classification.propose import INTERCEPT, RULES, Proposal, propose
from app.classification.taxonomy import Taxonomy, Topic
from app.classification.topic_examples import TopicExample
from app.classification.training.decide import HeldOut, apply, calibration_error, logistic

FOLDS: Final = 5
MOST_BACKGROUND: Final = 500  # texts that the model reads; the lexicon reads all
_TRUST: Final = 2.0  # how much more the data must say against an expert's points than `logistic` asks for
_NO_DOUBT: Final = 0.02
_THRESHOLDS: Final = np.linspace(0.1, 0.6, 51)

Embed = Callable[[Sequence[Document]], npt.NDArray[np.float32]]


class Figures(NamedTuple):
    """On texts that were not learned from. Background counts as not belonging; `error` is of calibration."""

    precision: float
    recall: float
    f1: float
    error: float


@dataclass(slots=True)
class Study:
    """What was learned of a topic, and how well that does: figures by way of deciding."""

    topic: Topic
    head: Head | None = None
    figures: dict[str, Figures] = field(default_factory=dict)
    taken: list[Document] = field(default_factory=list)  # background that it takes: mistakes, or examples to add
    asked: float = 0.0  # share of all texts that the model must read for this topic
    silent: int = 0  # examples that belong in which the lexicon finds nothing


@dataclass(slots=True)
class _Texts:
    """Examples, then background; arrays are [texts]."""

    all: list[TopicExample]
    truth: Truth
    folds: npt.NDArray[np.int64]

    def part(self, fold: int | None, *, given: bool) -> list[TopicExample]:
        """Examples or background without those of a fold."""
        return [each for each, at in zip(self.all, self.folds, strict=True) if at != fold and each.given is given]


def study(
    draft: Topic,
    examples: Sequence[TopicExample],
    background: Sequence[TopicExample],
    *,
    embed: Embed | None = None,
    encoder: str = "",
    keep_terms: bool = False,
    only_where_terms: bool = False,
) -> Study:
    """Learn a topic, of which `draft` says what it is called; with `keep_terms` its terms and points are kept.

    `embed` gives the embeddings of documents, [documents, width], by the model of version `encoder`; None: there is no
    model. `only_where_terms`: the model is not asked about a text in which the lexicon finds nothing.
    """
    texts = _texts(examples, background)
    if keep_terms:
        topic = draft
        odds, silent = _read(draft, texts.all)
    else:
        features = _features(draft, texts)
        points = _points(features, texts.truth)
        odds, silent = _crossed_odds(features, texts), ~np.any(features, axis=1)
        topic = _with_points(propose(examples, background), draft, points, _threshold(odds, texts.truth))
    result = Study(topic, silent=int((silent & texts.truth).sum()))
    chances = _chances(odds)
    result.figures["lexicon"] = _figures(chances, chances >= topic.threshold, texts.truth, np.ones(len(odds)))
    given = chances >= topic.threshold
    if embed is not None:
        given = _with_head(result, texts, odds, silent, embed, encoder, only_where_terms)
    result.taken = [each.document for each, taken in zip(texts.all, given, strict=True) if taken and not each.given]
    return result


def _texts(examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> _Texts:
    everything = [*examples, *background]
    folds: dict[str, int] = {}
    # In turn, so that each fold has its share of each language and of both kinds.
    for each in sorted(everything, key=lambda one: (one.given, one.belongs, one.language, one.story)):
        folds.setdefault(each.story, len(folds) % FOLDS)
    truth = np.array([each.belongs for each in everything])
    return _Texts(everything, truth, np.array([folds[each.story] for each in everything]))


def _features(draft: Topic, texts: _Texts) -> Floats:
    """How strongly each of RULES fires, [texts, rules], by terms that were proposed without the text's fold."""
    found = np.zeros((len(texts.all), len(RULES)))
    for fold in range(FOLDS):
        proposal = propose(texts.part(fold, given=True), texts.part(fold, given=False))
        lexicon = LexiconClassifier(_alone(_topic(proposal, draft)))
        for at in np.flatnonzero(texts.folds == fold):
            fires = lexicon.features(texts.all[at].document)[draft.id]
            found[at] = [fires.get(rule.id, 0.0) for rule in RULES]
    return found


def _topic(proposal: Proposal, draft: Topic) -> Topic:
    return proposal.topic(draft.id, draft.name, draft.description)


def _alone(topic: Topic) -> Taxonomy:
    return Taxonomy(version="0", topics=[topic])


def _points(features: Floats, truth: Truth) -> Floats:
    """Log-odds of no rule at all, then of each rule, [1 + rules]: what experts expect, corrected by the data."""
    expert = np.array([INTERCEPT, *(rule.points for rule in RULES)])
    scale = np.sqrt(_TRUST)
    rows = np.column_stack([np.ones(len(features)), features]) / scale
    return np.asarray(logistic(rows, truth, np.ones(len(rows)), expert * scale) / scale)


def _crossed_odds(features: Floats, texts: _Texts) -> Floats:
    """The lexicon's log-odds of each text, by points that were fitted without its fold."""
    odds = np.zeros(len(features))
    for fold in range(FOLDS):
        inside = texts.folds == fold
        points = _points(features[~inside], texts.truth[~inside])
        odds[inside] = points[0] + features[inside] @ points[1:]
    return np.clip(odds, -30, 30)


def _threshold(odds: Floats, truth: Truth) -> float:
    """The middle of the thresholds whose F1 is within a point of the best: the very best is partly luck."""
    chances = _chances(odds)
    given = np.array([(chances >= cut) for cut in _THRESHOLDS])
    figures = 2 * (given & truth).sum(1) / (given.sum(1) + truth.sum())
    return round(float(np.median(_THRESHOLDS[figures >= figures.max() - 0.01])), 2)


def _chances(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _with_points(proposal: Proposal, draft: Topic, points: Floats, threshold: float) -> Topic:
    topic = _topic(proposal, draft)
    by_rule = {rule.id: round(float(value), 2) for rule, value in zip(RULES, points[1:], strict=True)}
    rules = [rule.model_copy(update={"points": by_rule[rule.id]}) for rule in topic.rules]
    return topic.model_copy(update={"rules": rules, "intercept": round(float(points[0]), 2), "threshold": threshold})


def _read(topic: Topic, texts: Sequence[TopicExample]) -> tuple[Floats, Truth]:
    """Log-odds and whether no rule fires, [texts], by the terms as they are."""
    lexicon = LexiconClassifier(_alone(topic))
    scores = np.array([lexicon.scores(each.document)[topic.id] for each in texts])
    silent = np.isclose(scores, lexicon.silent[topic.id])
    return np.array([log_odds(score) for score in scores]), silent


def _with_head(
    result: Study,
    texts: _Texts,
    odds: Floats,
    silent: Truth,
    embed: Embed,
    encoder: str,
    only_where_terms: bool,
) -> Truth:
    """Train the head, fit how it and the lexicon decide, measure; returns which texts both together take."""
    chosen, weights = _sample(texts, silent)
    rows = np.asarray(embed([texts.all[at].document for at in chosen]), np.float64)
    truth, folds = texts.truth[chosen], texts.folds[chosen]
    logits = np.zeros(len(chosen))
    for fold in range(FOLDS):
        inside = folds == fold
        logits[inside] = head_logits(fit_head(rows[~inside], truth[~inside]), rows[inside])
    scores = HeldOut.of_one(result.topic.id, odds[chosen], silent[chosen], logits, truth, weights)
    decision = fit_decision(scores, only_where_terms)
    learned = fit_head(rows, truth)
    result.head = Head(
        encoder=encoder,
        examples=int(truth.sum()),
        intercept=round(float(learned[0]), 5),
        weights=[round(float(value), 5) for value in learned[1:]],
        decision=decision,
    )
    settled = np.zeros(len(chosen), bool) if decision.reject is None else odds[chosen] <= decision.reject
    alone, both = apply(decision.encoder, scores, 0), apply(decision.both, scores, 0)
    both = np.where(settled, apply(decision.lexicon, scores, 0), both)
    taken = both >= np.where(settled, decision.lexicon.threshold, decision.both.threshold)
    result.figures["head"] = _figures(alone, alone >= decision.encoder.threshold, truth, weights)
    result.figures["both"] = _figures(both, taken, truth, weights)
    result.asked = float(weights[~settled].sum() / weights.sum())
    given = np.zeros(len(texts.all), bool)
    given[chosen] = taken
    return given


def _sample(texts: _Texts, silent: Truth) -> tuple[npt.NDArray[np.int64], Floats]:
    """Places of all examples and of some background, and what each stands for: what the lexicon notices goes first."""
    weights = np.ones(len(texts.all))
    given = np.array([each.given for each in texts.all])
    rest = np.flatnonzero(~given & silent)
    noticed = np.flatnonzero(~given & ~silent)
    chosen = [np.flatnonzero(given)]
    for places, most in ((noticed, MOST_BACKGROUND // 2), (rest, MOST_BACKGROUND // 2)):
        if len(places):
            drawn = places[np.linspace(0, len(places) - 1, min(most, len(places))).astype(int)]
            weights[drawn] = len(places) / len(drawn)
            chosen.append(drawn)
    together = np.concatenate(chosen)
    return together, weights[together]


def _figures(chances: Floats, given: Truth, truth: Truth, weights: Floats) -> Figures:
    right = float(weights[given & truth].sum())
    precision = right / float(weights[given].sum()) if given.any() else 1.0
    recall = right / float(weights[truth].sum())
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    doubtful = truth | (chances >= _NO_DOUBT)  # among thousands of clear cases no error would be seen
    return Figures(precision, recall, f1, calibration_error(chances[doubtful], truth[doubtful]))
