"""GEONEWS_CLASSIFIER=python:module:factory."""

import pytest

from app.classification.registry import UnknownClassifier, build_classifier
from app.classification.taxonomy import load_taxonomy


def test_a_factory_of_any_importable_module_makes_the_classifier() -> None:
    taxonomy = load_taxonomy(None)
    classifier = build_classifier("python:app.classification.registry:NoClassifier", taxonomy)
    assert classifier.info.model == "none"


@pytest.mark.parametrize(
    "spec", ["python:", "python:nowhere", "python:no.such.module:factory", "python:app.classification.registry:Absent"]
)
def test_what_cannot_be_imported_is_named(spec: str) -> None:
    with pytest.raises(UnknownClassifier, match=spec):
        build_classifier(spec, load_taxonomy(None))
