"""A classifier that tells Prometheus what it does: time, who decided, with which scores, and whether those drift."""

from collections.abc import Sequence
from time import perf_counter

from app import metrics
from app.classification.base import Classifier, Document, ModelInfo, Verdict
from app.classification.drift import Baseline, Drift, load_baseline


class Metered:
    """`inner`, measured. Raises ValueError for a bad baseline.

    One thread at a time is in here, as lanes take turns, but for while `inner` waits for a model.
    """

    def __init__(self, inner: Classifier, baseline: Baseline | None = None) -> None:
        self._inner = inner
        known = load_baseline(inner.info.model) if baseline is None else baseline
        self._drifts = {topic: Drift(counts) for topic, counts in known.items()}

    @property
    def info(self) -> ModelInfo:
        """The inner classifier's."""
        return self._inner.info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """The inner classifier's answer."""
        model = self._inner.info.model
        began = perf_counter()
        verdicts = self._inner.classify(documents)
        metrics.MODEL_SECONDS.labels(model).observe(perf_counter() - began)
        for verdict in verdicts:
            metrics.MODEL_ARTICLES.labels(model, verdict.stage).inc()
            self._scored(verdict)
        for topic, drift in self._drifts.items():
            if (index := drift.index) is not None:
                metrics.SCORE_PSI.labels(topic).set(index)
        return verdicts

    def _scored(self, verdict: Verdict) -> None:
        for score in verdict.topics:
            if score.accepted:
                metrics.SCORES.labels(score.topic).observe(score.score)
                if drift := self._drifts.get(score.topic):
                    drift.add(score.score)
