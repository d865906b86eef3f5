"""Weights of the lexicon's rules: logistic regression on development data, drawn towards the taxonomy's points."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.classification.evaluation import Example, in_split
from app.classification.taxonomy import Taxonomy, TaxonomyError, Topic, config_directory

# How strongly an expert's points pull (1 / variance of the prior). 0.2 does a little better in cross-validation, but
# forgets the expert where the data is silent: it holds few headlines without a text, and Davos in them was then missed.
PRIOR: Final = 0.5
ROUNDS: Final = 30
# What a training row counts beside a labelled text. Terms were made on the labelled ones, so weights from these alone
# trust the terms too much; but the rows were written to be hard, and with more of them plain news suffers.
WRITTEN_SHARE: Final = 0.1


class Weights(BaseModel):
    """Log-odds of one topic: of no rule at all, and of each rule that fires fully."""

    model_config = ConfigDict(frozen=True)

    intercept: float
    rules: dict[str, float]


_FILE: Final = TypeAdapter(dict[str, Weights])


def weights_path(taxonomy: Taxonomy) -> Path:
    """Where the weights of a taxonomy stand: beside it, `taxonomy.yaml` → `taxonomy.weights.json`."""
    return (taxonomy.path or config_directory() / "taxonomy.yaml").with_suffix(".weights.json")


def load_weights(path: Path) -> dict[str, Weights]:
    """Weights by topic id; none where the file does not exist. Raises TaxonomyError."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TaxonomyError(f"weights {path}: {error.strerror}") from None
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise TaxonomyError(f"weights {path}: {problem}; `geonews calibrate` writes the file anew") from None


def save_weights(path: Path, weights: Mapping[str, Weights]) -> None:
    """Write weights by topic id, for people to read too."""
    path.write_bytes(_FILE.dump_json(dict(weights), indent=2) + b"\n")


def expert_weights(topic: Topic) -> Weights:
    """What the taxonomy itself says."""
    return Weights(intercept=topic.intercept, rules={rule.id: rule.points for rule in topic.rules})


def material(labelled: Sequence[Example], written: Sequence[Example]) -> tuple[list[Example], list[float]]:
    """What weights are fitted to, and how much each text counts: labelled `dev` texts, and training rows a little."""
    dev = in_split(labelled, "dev")
    return [*dev, *written], [*[1.0] * len(dev), *[WRITTEN_SHARE] * len(written)]


def fit(
    taxonomy: Taxonomy,
    features: Sequence[Mapping[str, Mapping[str, float]]],
    labels: Sequence[frozenset[str]],
    counts: Sequence[float] | None = None,
) -> dict[str, Weights]:
    """Weights for every topic from each example's rule values (by topic and rule), labels and how much it counts."""
    counts = counts or [1.0] * len(features)
    fitted = {}
    for topic in taxonomy.topics:
        names = [rule.id for rule in topic.rules]
        rows = [[1.0, *(values[topic.id][name] for name in names)] for values in features]
        right = [topic.id in given for given in labels]
        expert = [topic.intercept, *(rule.points for rule in topic.rules)]
        found = [round(value, 3) for value in _newton(rows, right, counts, expert)]
        fitted[topic.id] = Weights(intercept=found[0], rules=dict(zip(names, found[1:], strict=True)))
    return fitted


def _newton(rows: list[list[float]], right: list[bool], counts: Sequence[float], expert: list[float]) -> list[float]:
    """The weights of greatest posterior probability under a normal prior around the expert's."""
    size = len(expert)
    weights = list(expert)
    sparse = [[(at, value) for at, value in enumerate(row) if value] for row in rows]
    for _ in range(ROUNDS):
        slope = [PRIOR * (prior - weight) for prior, weight in zip(expert, weights, strict=True)]
        curve = [[PRIOR if i == j else 0.0 for j in range(size)] for i in range(size)]
        for row, truth, count in zip(sparse, right, counts, strict=True):
            odds = sum(weights[at] * value for at, value in row)
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
            spread = count * chance * (1 - chance)
            for at, value in row:
                slope[at] += count * value * (truth - chance)
                for other, second in row:
                    curve[at][other] += value * second * spread
        step = _solve(curve, slope)
        weights = [weight + max(-2.0, min(2.0, change)) for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-4:
            break
    return weights


def _solve(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """Gaussian elimination; the prior makes the matrix positive definite, so no pivot is ever zero."""
    size = len(vector)
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for at in range(size):
        pivot = rows[at]
        for below in rows[at + 1 :]:
            if factor := below[at] / pivot[at]:
                below[:] = [low - factor * high for low, high in zip(below, pivot, strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        found[at] = (rows[at][size] - sum(rows[at][i] * found[i] for i in range(at + 1, size))) / rows[at][at]
    return found
