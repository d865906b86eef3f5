"""The `classify` agent: raw articles are validated, de-duplicated, classified and enriched; candidates come out."""

import asyncio
from functools import partial

from agents.lanes import LaneService
from app import __version__
from app.classification.base import Classifier
from app.classification.registry import build_classifier
from app.classification.shadow import FILE, ShadowClassifier
from app.classification.taxonomy import load_taxonomy
from app.delivery.agent import LaneAgent, classify_agent
from app.main import app, settings
from app.metered import Metered
from app.metrics import BUILD_INFO
from app.steps import countries, publishers
from app.steps.classify import CANARY


def _load() -> Classifier:
    """The classifier that the settings name; gazetteers are read too, so that no first article waits for them."""
    taxonomy = load_taxonomy(settings.taxonomy)
    patience = settings.model_wait_ms / 1000
    model = build_classifier(settings.classifier, taxonomy, settings.model_threads, patience)
    classifier: Classifier = Metered(model)
    if settings.shadow_classifier:
        build = partial(build_classifier, settings.shadow_classifier, taxonomy)
        classifier = ShadowClassifier(classifier, build, settings.home / FILE)
    countries.find(CANARY)
    publishers.use(settings.sources)
    publishers.find("bbc.com")
    return classifier


@app.service
class Classify(LaneService):
    """Lanes on `geonews.raw.v1`."""

    async def make_agent(self) -> LaneAgent:
        """Load the classifier beside the event loop."""
        classifier = await asyncio.to_thread(_load)
        BUILD_INFO.labels(__version__, classifier.info.model, classifier.info.model_version).set(1)
        return classify_agent(settings, classifier)
