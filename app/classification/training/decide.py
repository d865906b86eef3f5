"""Decisions fitted to held-out scores: lines from log-odds to probabilities, thresholds, the lexicon's cuts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.classification.decision import Decisions, Line, TopicDecision, log_odds

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

# The lexicon needs no second opinion where one would change nothing: so many yeses, as a share of all, may at most turn
# into a no because the transformer is not asked, and as many noes into a yes. See docs/decisions/0013.
CHANGED: Final = 0.01
FEWEST: Final = 40  # texts beyond a cut: fewer prove nothing
PRIOR: Final = 0.05  # 1 / variance of a weight around what it would be if both stages were right and independent
GAP: Final = 1.0  # log-odds around its own threshold within which the lexicon is never certain
_THRESHOLDS: Final = np.linspace(0.35, 0.65, 31)
_ROUNDS: Final = 40
_FLATTEST: Final = 0.01


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of texts by stages that did not learn from them; arrays are [texts, topics], `counts` is [texts]."""

    topics: Sequence[str]
    lexicon: Floats
    silent: Truth  # no rule of the topic fired
    encoder: Floats
    truth: Truth
    counts: Floats  # how many texts each stands for

    @classmethod
    def of_one(
        cls, topic: str, lexicon: Floats, silent: Truth, encoder: Floats, truth: Truth, counts: Floats
    ) -> "HeldOut":
        """Scores of one topic, from arrays [texts]."""
        return cls([topic], lexicon[:, None], silent[:, None], encoder[:, None], truth[:, None], counts)


def decide(held_out: HeldOut) -> Decisions:
    """Lines, thresholds and cuts for every topic."""
    return {topic: _decide(held_out, at) for at, topic in enumerate(held_out.topics)}


def _decide(held_out: HeldOut, at: int) -> TopicDecision:
    lexicon, encoder, truth = held_out.lexicon[:, at], held_out.encoder[:, at], held_out.truth[:, at]
    silent = held_out.silent[:, at].astype(float)
    counts = held_out.counts
    own = _line({"lexicon": lexicon}, truth, counts)
    both = _line({"lexicon": lexicon, "encoder": encoder, "silent": silent}, truth, counts)
    yes = apply(both, held_out, at) >= both.threshold
    accept, reject = _cut(lexicon, yes, yes, counts), _cut(-lexicon, ~yes, yes, counts)
    turn = (log_odds(own.threshold) - own.intercept) / max(own.lexicon, _FLATTEST)
    return TopicDecision(
        lexicon=own,
        encoder=_line({"encoder": encoder}, truth, counts),
        both=both,
        accept=None if accept is None else round(max(accept, turn + GAP), 3),
        reject=None if reject is None else round(min(-reject, turn - GAP), 3),
    )


def _line(features: dict[str, Floats], truth: Truth, weights: Floats) -> Line:
    rows = np.column_stack([np.ones(len(truth)), *features.values()])
    stages = sum(name != "silent" for name in features)
    prior = [0.0, *(0.0 if name == "silent" else 1 / stages for name in features)]
    found = logistic(rows, truth, weights, np.array(prior))
    parts = {name: round(float(value), 4) for name, value in zip(features, found[1:], strict=True)}
    line = Line(intercept=round(float(found[0]), 4), threshold=0.5, **parts)
    chances = 1 / (1 + np.exp(-(rows @ found)))
    return line.model_copy(update={"threshold": _threshold(chances, truth, weights)})


def logistic(rows: Floats, truth: Truth, weights: Floats, prior: Floats) -> Floats:
    """Weighted logistic regression by Newton's method, drawn towards `prior` by PRIOR; `rows` is [texts, weights]."""
    found = prior.copy()
    cost = _cost(found, rows, truth, weights, prior)
    for _ in range(_ROUNDS):
        chances = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (truth - chances)) - PRIOR * (found - prior)
        curve = (rows * (weights * chances * (1 - chances))[:, None]).T @ rows + PRIOR * np.eye(len(found))
        step = np.linalg.solve(curve, slope)
        # Newton's step can lead too far; half of it, or a quarter, always makes things better.
        while (after := _cost(found + step, rows, truth, weights, prior)) > cost and np.abs(step).max() > 1e-9:
            step = step / 2
        found, cost = found + step, min(cost, after)
        if np.abs(step).max() < 1e-6:
            break
    return found


def _cost(found: Floats, rows: Floats, truth: Truth, weights: Floats, prior: Floats) -> float:
    odds = rows @ found
    surprise = weights @ np.logaddexp(0, np.where(truth, -odds, odds))
    return float(surprise + PRIOR / 2 * ((found - prior) ** 2).sum())


def _threshold(chances: Floats, truth: Truth, weights: Floats) -> float:
    """The middle of the thresholds whose F1 is within half a point of the best: the very best is partly luck."""
    figures = np.array([_f1(chances >= cut, truth, weights) for cut in _THRESHOLDS])
    good = _THRESHOLDS[figures >= figures.max() - 0.005]
    return round(float(np.median(good)), 3)


def _f1(given: Truth, truth: Truth, weights: Floats) -> float:
    right = float(weights[given & truth].sum())
    total = float(weights[given].sum() + weights[truth].sum())
    return 2 * right / total if total else 1.0


def _cut(odds: Floats, same: Truth, yes: Truth, counts: Floats) -> float | None:
    """The lowest log-odds from which up both stages together say the `same` as the lexicon; None: there is no such.

    What they say otherwise of texts up there comes to CHANGED of all that they say `yes` of, at most.
    """
    order = np.argsort(-odds, kind="stable")
    changed = np.cumsum((counts * ~same)[order])
    given = np.arange(1, len(order) + 1)
    # Only where the next text scores lower is this a cut: equal scores stand or fall together.
    ends = np.append(odds[order][:-1] > odds[order][1:], True)
    fine = ends & (changed <= CHANGED * counts[yes].sum()) & (given >= FEWEST)
    return float(odds[order][np.flatnonzero(fine)[-1]]) - 0.005 if fine.any() else None


def calibration_error(chances: Floats, truth: Truth, bins: int = 10) -> float:
    """Expected calibration error: the mean distance between a bin's mean chance and its share of yes."""
    places = np.minimum((chances * bins).astype(int), bins - 1)
    total = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            total += abs(float(chances[inside].mean()) - float(truth[inside].mean())) * float(inside.mean())
    return total


def apply(line: Line, held_out: HeldOut, at: int) -> Floats:
    """Probabilities [texts] of the topic in place `at`, by a line."""
    odds: Any = line.intercept + line.silent * held_out.silent[:, at]
    odds = odds + line.lexicon * held_out.lexicon[:, at] + line.encoder * held_out.encoder[:, at]
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))
