"""Classifiers by name: what `GEONEWS_CLASSIFIER` may say; `python:module:factory` plugs in one of your own."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from app.classification.base import Classifier, Document, ModelInfo, TopicScore, Verdict
from app.classification.calibration import load_weights, weights_path
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


def _lexicon(taxonomy: Taxonomy) -> Classifier:
    return LexiconClassifier(taxonomy, load_weights(weights_path(taxonomy)))


_PLUG: Final = "python:"
_BUILDERS: Final[dict[str, Callable[[Taxonomy], Classifier]]] = {"lexicon": _lexicon, "none": NoClassifier}


def _plugged_in(spec: str, taxonomy: Taxonomy) -> Classifier:
    module, _, factory = spec.removeprefix(_PLUG).partition(":")
    try:
        build: Callable[[Taxonomy], Classifier] = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownClassifier(
            f"{spec!r} names no factory of a classifier ({error}): {_PLUG}module:factory"
        ) from error
    return build(taxonomy)


def build_classifier(name: str, taxonomy: Taxonomy) -> Classifier:
    """The classifier of that name; `python:module:factory` calls `factory(taxonomy)` of an importable module.

    Raises UnknownClassifier, or TaxonomyError for weights that cannot be read.
    """
    if name.startswith(_PLUG):
        return _plugged_in(name, taxonomy)
    try:
        build = _BUILDERS[name]
    except KeyError:
        choices = ", ".join([*_BUILDERS, f"{_PLUG}module:factory"])
        raise UnknownClassifier(f"there is no classifier {name!r}; GEONEWS_CLASSIFIER is one of {choices}") from None
    return build(taxonomy)
