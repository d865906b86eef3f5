"""Classifiers by name: what `GEONEWS_CLASSIFIER` may say.

`lexicon`, `encoder`, `cascade`; `cascade:DOUBT` asks the transformer less often; `hf:PATH` for a Hugging Face model;
`python:module:factory` plugs in one of your own.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Final

from app.classification.base import Classifier, Document, ModelInfo, TopicScore, Verdict
from app.classification.calibration import load_weights, weights_path
from app.classification.company import EncoderInCompany, InCompany
from app.classification.lexicon import LexiconClassifier
from app.classification.taxonomy import Taxonomy


class UnknownClassifier(ValueError):
    """No classifier has this name; the message lists those that exist."""


class NoClassifier:
    """Gives every document the first topic, at no cost: what remains is delivery, for benchmarks of it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        first = taxonomy.topics[0]
        self._verdict = Verdict((TopicScore(first.id, 1.0, first.threshold),), "none")
        self._info = ModelInfo("none", taxonomy.fingerprint, taxonomy.version)

    @property
    def info(self) -> ModelInfo:
        """Model `none`."""
        return self._info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """The same verdict for each."""
        return [self._verdict] * len(documents)


def lexicon_of(taxonomy: Taxonomy, *_: object) -> LexiconClassifier:
    """The lexicon with the weights that stand beside the taxonomy. Raises TaxonomyError."""
    return LexiconClassifier(taxonomy, load_weights(weights_path(taxonomy)))


def _with_encoder(
    taxonomy: Taxonomy, threads: int, patience: float | None, *, always: bool = False, doubt: float = 0.0
) -> Classifier:
    # Imported here: a worker with the lexicon alone need not hold numpy in memory.
    from app.classification.cascade import CascadeClassifier, Model
    from app.classification.decision import load_decisions
    from app.classification.encoder import encoder_directory, shared_encoder
    from app.classification.heads import EncoderWithHeads, decisions_of, heads_path, load_heads, usable

    directory = encoder_directory()
    encoder = shared_encoder(directory, threads)
    decisions = load_decisions(directory)
    if heads := usable(load_heads(heads_path(taxonomy)), taxonomy, encoder):
        encoder = EncoderWithHeads(encoder, heads)
        decisions |= decisions_of(heads)
    model: Model = encoder if patience is None else EncoderInCompany(encoder, patience)
    return CascadeClassifier(taxonomy, lexicon_of(taxonomy), model, decisions, always=always, doubt=doubt)


def _none(taxonomy: Taxonomy, *_: object) -> Classifier:
    return NoClassifier(taxonomy)


def _hugging_face(spec: str, taxonomy: Taxonomy, threads: int) -> Classifier:
    from app.classification.hf import HuggingFaceClassifier

    return HuggingFaceClassifier(spec.removeprefix(_HUGGING_FACE), taxonomy, lexicon_of(taxonomy), threads)


_PLUG: Final = "python:"
_HUGGING_FACE: Final = "hf:"
_CASCADE: Final = "cascade:"
FAST: Final = "cascade:0.3"  # about twenty times as fast as the transformer: benchmarks/cascade.py
_BUILDERS: Final[dict[str, Callable[[Taxonomy, int, float | None], Classifier]]] = {
    "lexicon": lexicon_of,
    "encoder": partial(_with_encoder, always=True),
    "cascade": _with_encoder,
    "none": _none,
}


def _plugged_in(spec: str, taxonomy: Taxonomy) -> Classifier:
    module, _, factory = spec.removeprefix(_PLUG).partition(":")
    try:
        build: Callable[[Taxonomy], Classifier] = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownClassifier(
            f"{spec!r} names no factory of a classifier ({error}): {_PLUG}module:factory"
        ) from error
    return build(taxonomy)


def _doubting(spec: str) -> float:
    try:
        doubt = float(spec.removeprefix(_CASCADE))
    except ValueError:
        doubt = -1.0
    if not 0 <= doubt <= 0.5:
        raise UnknownClassifier(f"{spec!r}: {_CASCADE}DOUBT needs a chance of being wrong, from 0 to 0.5")
    return doubt


def build_classifier(name: str, taxonomy: Taxonomy, threads: int = 1, patience: float | None = None) -> Classifier:
    """The classifier of that name; `python:module:factory` calls `factory(taxonomy)` of an importable module.

    A model computes with `threads` threads. With `patience`, in seconds, articles that need one wait so long for those
    of other threads; None is for callers that have one thread. Raises UnknownClassifier, or TaxonomyError for files
    that cannot be used.
    """
    if name.startswith(_PLUG):
        return _plugged_in(name, taxonomy)
    if name.startswith(_HUGGING_FACE):
        classifier = _hugging_face(name, taxonomy, threads)
        return classifier if patience is None else InCompany(classifier, patience)
    if name.startswith(_CASCADE):
        return _with_encoder(taxonomy, threads, patience, doubt=_doubting(name))
    try:
        build = _BUILDERS[name]
    except KeyError:
        choices = ", ".join([*_BUILDERS, f"{_CASCADE}DOUBT", f"{_HUGGING_FACE}PATH", f"{_PLUG}module:factory"])
        raise UnknownClassifier(f"there is no classifier {name!r}; GEONEWS_CLASSIFIER is one of {choices}") from None
    return build(taxonomy, threads, patience)
