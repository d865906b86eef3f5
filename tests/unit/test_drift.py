"""Drift of scores: the index itself, and that the baseline on file still describes the lexicon."""

import random
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.drift import EDGES, LEAST, WINDOW, Drift, load_baseline, stability_index
from app.cli.drift import measured
from app.metered import Metered

BASELINE = [0, 0, 0, 40, 30, 20, 20, 60, 80, 250]


def test_the_index_is_nothing_for_equal_shares_and_grows_with_the_distance() -> None:
    assert stability_index(BASELINE, BASELINE) == 0
    slightly = [0, 0, 0, 50, 40, 30, 20, 60, 80, 220]
    reversed_ = list(reversed(BASELINE))
    assert 0 < stability_index(slightly, BASELINE) < 0.1
    assert stability_index(reversed_, BASELINE) > 1


def test_an_index_known_from_paper() -> None:
    # With half a count in each bin: (60.5 - 50.5) / 101 * ln(60.5 / 50.5) + (40.5 - 50.5) / 101 * ln(40.5 / 50.5)
    assert stability_index([60, 40], [50, 50]) == pytest.approx(0.0397360, abs=1e-6)


def test_scores_drawn_from_the_baseline_stay_below_a_tenth_and_others_rise_above_a_quarter() -> None:
    draw = random.Random(3)
    ends = (*EDGES, 1.0)
    same, other = Drift(BASELINE), Drift(BASELINE)
    for number in range(WINDOW + 300):
        if number < LEAST:
            assert same.index is None
        same.add(draw.choices(ends, BASELINE)[0])
        other.add(draw.uniform(0.5, 0.9))
    assert same.index is not None and same.index < 0.1  # noqa: PT018 - one thing
    assert other.index is not None and other.index > 0.25  # noqa: PT018


def test_only_the_window_counts() -> None:
    drift = Drift(BASELINE)
    for _ in range(WINDOW):
        drift.add(0.31)
    far = drift.index
    for _ in range(WINDOW // 400):
        for position, count in enumerate(BASELINE):
            for _ in range(2 * count):
                drift.add((*EDGES, 1.0)[position])
    assert far is not None and drift.index is not None  # noqa: PT018
    assert drift.index < 0.01 < far


class Fixed:
    """Gives every document one score."""

    info = ModelInfo("fixed", "1", "1")

    def __init__(self, score: float) -> None:
        self.score = score

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        return [Verdict((TopicScore("davos", self.score, 0.5),), "lexicon") for _ in documents]


def test_a_metered_classifier_answers_the_same_and_tells_prometheus() -> None:
    def of(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = of("geonews_model_articles_total", model="fixed", stage="lexicon")
    classifier = Metered(Fixed(0.55), {"davos": BASELINE})
    documents = [Document("t", "", "x")] * LEAST
    assert classifier.classify(documents) == Fixed(0.55).classify(documents)
    assert of("geonews_model_articles_total", model="fixed", stage="lexicon") == before + LEAST
    assert of("geonews_score_psi", topic="davos") > 0.25
    assert of("geonews_model_seconds_count", model="fixed") >= 1
    accepted = of("geonews_scores_count", topic="davos")
    Metered(Fixed(0.45), {}).classify(documents)
    assert of("geonews_scores_count", topic="davos") == accepted, "a score below the threshold is not accepted"


def test_the_baseline_on_file_still_describes_the_lexicon() -> None:
    now = measured("lexicon")["topics"]
    assert isinstance(now, dict)
    kept = load_baseline("lexicon")
    assert now.keys() == kept.keys()
    for topic, counts in now.items():
        drift = stability_index(counts, kept[topic])
        assert drift < 0.1, f"{topic} scores otherwise than on file ({drift:.2f}): run `geonews drift baseline`"
