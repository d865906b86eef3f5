"""From the lexicon's and the encoder's log-odds to probabilities and decisions: `decisions.json` beside the model."""

import math
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.classification.taxonomy import TaxonomyError

FILE: Final = "decisions.json"
_EDGE: Final = 1e-9
_STEEPEST: Final = 30.0


class Line(BaseModel):
    """A probability as the logistic function of a weighted sum of log-odds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intercept: float
    lexicon: float = 0.0
    encoder: float = 0.0
    silent: float = Field(0.0, description="added where no rule of the topic fires: the language may lack terms")
    threshold: float = Field(gt=0, lt=1)

    def probability(self, lexicon: float = 0.0, encoder: float = 0.0, silent: bool = False) -> float:
        """From log-odds of either stage, and whether the lexicon's come from no rule at all."""
        odds = self.intercept + self.lexicon * lexicon + self.encoder * encoder + self.silent * silent
        return 1 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, odds))))


class TopicDecision(BaseModel):
    """How one topic is decided, as `geonews train` found on texts that neither stage had learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lexicon: Line = Field(description="by the lexicon alone")
    encoder: Line = Field(description="by the encoder alone")
    both: Line
    accept: float | None = Field(description="the lexicon's log-odds from which a yes needs no second opinion")
    reject: float | None = Field(description="and down from which a no needs none")


Decisions = dict[str, TopicDecision]
_FILE: Final = TypeAdapter(Decisions)


class Settled(NamedTuple):
    """What the lexicon is certain of: every topic's log-odds lie beyond its cuts, or one does not."""

    certain: bool
    odds: dict[str, float]


def load_decisions(directory: Path) -> Decisions:
    """By topic id. Raises TaxonomyError when the file is missing or damaged."""
    path = directory / FILE
    try:
        return _FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise TaxonomyError(f"{path}: {error.strerror}; `geonews train --only decide` writes it") from None
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise TaxonomyError(f"{path}: {problem}; `geonews train --only decide` writes it anew") from None


def save_decisions(directory: Path, decisions: Decisions) -> None:
    """Write the file, for people to read too."""
    (directory / FILE).write_bytes(_FILE.dump_json(decisions, indent=2) + b"\n")


def log_odds(probability: float) -> float:
    """The inverse of the logistic function, within bounds."""
    kept = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(kept / (1 - kept))


def settle(scores: dict[str, float], decisions: Decisions, doubt: float = 0.0) -> Settled:
    """Whether the lexicon's scores alone decide a document: they do not when any topic's lies between its cuts.

    Between them, too, the lexicon's word is taken where the chance that it is wrong is under `doubt`.
    """
    odds = {topic: log_odds(score) for topic, score in scores.items()}
    known = [topic for topic in odds if topic in decisions]
    return Settled(all(_settled(odds[topic], decisions[topic], doubt) for topic in known), odds)


def _settled(odds: float, decision: TopicDecision, doubt: float) -> bool:
    accepted = decision.accept is not None and odds >= decision.accept
    if accepted or (decision.reject is not None and odds <= decision.reject):
        return True
    chance = decision.lexicon.probability(odds)
    return min(chance, 1 - chance) < doubt
