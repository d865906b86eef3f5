"""The model that ships: its figures on held-out texts, its size, and that its decisions fit the lexicon of today."""

import hashlib
import json
from pathlib import Path

import orjson
import pytest

from app.classification.base import Verdict
from app.classification.cascade import CascadeClassifier
from app.classification.decision import load_decisions
from app.classification.encoder import CARD_FILE, MODEL_FILE, encoder_directory, models_directory
from app.classification.evaluation import Example, Report, evaluate, in_split, load_examples
from app.classification.registry import build_classifier, lexicon_of
from app.classification.reliability import bins, calibration_error
from app.classification.taxonomy import load_taxonomy
from app.classification.training import decide, held_out
from app.steps.records import Inbound
from app.steps.validate import validate

ROOT = Path(__file__).parents[2]
LABELLED = [ROOT / "data" / "labelled" / name for name in ("events.jsonl", "written.jsonl")]
WRITTEN, FRESH = (sorted((ROOT / "data" / name).glob("*.jsonl")) for name in ("training", "fresh"))
SHIPS = (encoder_directory() / MODEL_FILE).is_file()
FLOORS = json.loads((models_directory() / "floors.json").read_text()) if SHIPS else {}
pytestmark = pytest.mark.skipif(not SHIPS, reason="no model ships yet: `make model`, then set models/floors.json")
OURS = load_taxonomy()


@pytest.fixture(scope="module")
def cascade() -> CascadeClassifier:
    classifier = build_classifier("cascade", OURS)
    assert isinstance(classifier, CascadeClassifier)
    return classifier


@pytest.fixture(scope="module")
def judged(cascade: CascadeClassifier) -> list[tuple[Example, dict[str, float], frozenset[str]]]:
    texts = in_split([example for path in LABELLED for example in load_examples(path)], "test")
    judgements = cascade.judge([example.document for example in texts])
    return [
        (
            example,
            {topic: score.score for topic, score in judgement.scores.items()},
            frozenset(topic for topic, score in judgement.scores.items() if score.accepted),
        )
        for example, judgement in zip(texts, judgements, strict=True)
    ]


def _report(judged: list[tuple[Example, dict[str, float], frozenset[str]]], kind: str) -> Report:
    return evaluate([(each, given) for each, _, given in judged if each.kind == kind], OURS.topic_ids)["all"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["events", "written"])
def test_held_out_texts_keep_their_floors(
    judged: list[tuple[Example, dict[str, float], frozenset[str]]], kind: str
) -> None:
    report = _report(judged, kind)
    figures = {"all": report.micro.f1} | {topic: counts.f1 for topic, counts in report.topics.items()}
    assert set(FLOORS[kind]) == set(figures)
    assert {name: round(figure, 3) for name, figure in figures.items() if figure < FLOORS[kind][name]} == {}


def test_no_group_of_languages_falls_behind(
    judged: list[tuple[Example, dict[str, float], frozenset[str]]],
) -> None:
    groups = {language: name for name, languages in FLOORS["groups"].items() for language in languages["languages"]}
    pairs = [(each, given) for each, _, given in judged if each.kind == "written"]
    reports = evaluate(pairs, OURS.topic_ids, lambda example: groups[str(example.document.language)])
    assert set(reports) == set(FLOORS["groups"])
    assert {
        name: round(report.micro.f1, 3)
        for name, report in reports.items()
        if report.micro.f1 < FLOORS["groups"][name]["floor"]
    } == {}


@pytest.mark.parametrize(
    "topics", [[topic] for topic in OURS.topic_ids] + [OURS.topic_ids], ids=[*OURS.topic_ids, "all"]
)
def test_scores_are_probabilities(
    judged: list[tuple[Example, dict[str, float], frozenset[str]]], topics: list[str]
) -> None:
    scores = [own[topic] for _, own, _ in judged for topic in topics]
    truth = [topic in example.labels for example, _, _ in judged for topic in topics]
    ceiling = FLOORS["calibration"]["all" if len(topics) > 1 else topics[0]]
    assert calibration_error(bins(scores, truth)) < ceiling


def test_both_stories_of_the_mission(cascade: CascadeClassifier) -> None:
    rows = (ROOT / "samples" / "mission.jsonl").read_bytes().splitlines()
    documents = [validate(Inbound("", 0, 0, 0, None, row)).document for row in rows]
    found = cascade.classify(documents)
    assert [_topics(verdict) for verdict in found] == [{"trade-deals"}, {"ukraine-war", "davos"}]
    for document, verdict in zip(documents, found, strict=True):
        for score in verdict.topics:
            assert score.evidence
            assert all(getattr(document, e.field)[e.start : e.end] == e.text for e in score.evidence)


def _topics(verdict: Verdict) -> set[str]:
    return {score.topic for score in verdict.topics}


def test_the_model_is_what_its_card_says_and_small() -> None:
    card = orjson.loads((encoder_directory() / CARD_FILE).read_bytes())
    digest = hashlib.sha256((encoder_directory() / MODEL_FILE).read_bytes()).hexdigest()
    assert card["version"] == digest[:12]
    assert card["topics"] == OURS.topic_ids
    assert sum(path.stat().st_size for path in models_directory().rglob("*") if path.is_file()) < 70e6


def test_decisions_fit_the_lexicon_of_today() -> None:
    """Whoever changes a term or a weight runs `geonews train --only decide`; this fails until then."""
    texts = held_out.load(encoder_directory(), lexicon_of(OURS), LABELLED, WRITTEN, FRESH)
    on_file = load_decisions(encoder_directory())
    made = decide.decide(texts)
    assert on_file.keys() == made.keys()
    for topic, decision in made.items():
        for name in ("lexicon", "encoder", "both"):
            mine, kept = getattr(decision, name).model_dump(), getattr(on_file[topic], name).model_dump()
            assert kept == pytest.approx(mine, abs=0.05), (topic, name)
        assert (on_file[topic].accept, on_file[topic].reject) == (decision.accept, decision.reject)
