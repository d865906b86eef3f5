"""Evaluation: the split is fixed, figures are right, and the shipped classifier keeps its floor on held-out texts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.classification.base import Document
from app.classification.calibration import (
    Weights,
    expert_weights,
    fit,
    load_weights,
    material,
    save_weights,
    weights_path,
)
from app.classification.evaluation import (
    LENGTHS,
    Counts,
    Example,
    LabelledDataError,
    evaluate,
    in_split,
    length_of,
    load_examples,
    predict,
    split_of,
    words,
)
from app.classification.lexicon import LexiconClassifier
from app.classification.registry import build_classifier
from app.classification.taxonomy import TaxonomyError, load_taxonomy
from app.cli import app
from app.cli import evaluate as _command  # noqa: F401 (registers the commands)
from app.settings import get_settings

DATA = Path(__file__).parents[2] / "data" / "labelled"
FILES = [DATA / "events.jsonl", DATA / "written.jsonl"]
OURS = load_taxonomy()
EXAMPLES = [example for path in FILES for example in load_examples(path)]


def example(labels: str, kind: str = "events", text: str = "x") -> Example:
    return Example(labels or "none", kind, Document("", "", text), frozenset(labels.split()), False)  # type: ignore[arg-type]


def test_the_split_never_moves() -> None:
    assert [split_of("events", f"wce-{at}") for at in range(8)] == [
        "dev",
        "test",
        "dev",
        "test",
        "test",
        "test",
        "test",
        "dev",
    ]
    sizes = {kind: len([e for e in in_split(EXAMPLES, "test") if e.kind == kind]) for kind in ("events", "written")}
    assert sizes == {"events": 530, "written": 160}
    assert len(in_split(EXAMPLES, "all")) == len(EXAMPLES) == 1050 + 755


def test_ids_are_unique_and_labels_are_topics() -> None:
    assert len({each.id for each in EXAMPLES}) == len(EXAMPLES)
    assert frozenset().union(*(each.labels for each in EXAMPLES)) == set(OURS.topic_ids)


def test_figures() -> None:
    counts = Counts(true_positives=3, false_positives=1, false_negatives=2)
    assert (counts.precision, counts.recall) == (0.75, 0.6)
    assert counts.f1 == pytest.approx(2 / 3)
    assert Counts().f1 == 1


def test_reports_by_group() -> None:
    pairs = [
        (example("a b"), frozenset({"a"})),
        (example("a", "written"), frozenset({"a"})),
        (example("", "written"), frozenset({"b"})),
    ]
    reports = evaluate(pairs, ["a", "b"], lambda each: each.kind)
    assert list(reports) == ["events", "written"]
    assert (reports["events"].micro.true_positives, reports["events"].micro.false_negatives) == (1, 1)
    assert (reports["written"].examples, reports["written"].exact) == (2, 1)
    assert reports["written"].topics["b"].false_positives == 1


def test_a_bad_labelled_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "1", "text": "x", "labels": []}\n\n{"id": "2"}\n')
    with pytest.raises(LabelledDataError, match=r"mine\.jsonl, line 3"):
        load_examples(path)


@pytest.mark.parametrize(("kind", "floor"), [("events", 0.88), ("written", 0.93)])
def test_held_out_texts_keep_their_floor(kind: str, floor: float) -> None:
    held_out = [each for each in in_split(EXAMPLES, "test") if each.kind == kind]
    report = evaluate(predict(build_classifier("lexicon", OURS), held_out), OURS.topic_ids)["all"]
    assert report.micro.f1 >= floor


def test_the_weights_on_file_are_what_calibration_gives() -> None:
    """Whoever changes a term runs `geonews calibrate`; this fails until then."""
    lexicon = LexiconClassifier(OURS)
    written = [each for path in sorted((DATA.parent / "training").glob("*.jsonl")) for each in load_examples(path)]
    texts, counts = material(EXAMPLES, written)
    fitted = fit(OURS, [lexicon.features(each.document) for each in texts], [each.labels for each in texts], counts)
    on_file = load_weights(weights_path(OURS))
    assert on_file.keys() == fitted.keys()
    for topic, weights in fitted.items():
        assert on_file[topic].rules == pytest.approx(weights.rules, abs=0.01)
        assert on_file[topic].intercept == pytest.approx(weights.intercept, abs=0.01)


def test_calibration_learns_and_without_data_trusts_the_expert(tmp_path: Path) -> None:
    rules = {topic.id: dict.fromkeys([rule.id for rule in topic.rules], 0.0) for topic in OURS.topics}
    untaught = fit(OURS, [], [])
    assert untaught["davos"] == expert_weights(OURS.topics[2])
    fires = rules | {"davos": rules["davos"] | {"sport": 1.0}}
    taught = fit(OURS, [fires] * 50, [frozenset({"davos"})] * 50)
    assert taught["davos"].rules["sport"] > untaught["davos"].rules["sport"] + 1
    save_weights(tmp_path / "w.json", taught)
    assert load_weights(tmp_path / "w.json") == taught


def test_broken_weights_name_the_file_and_the_command(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text("[]")
    with pytest.raises(TaxonomyError, match=r"w\.json.*geonews calibrate"):
        load_weights(path)


def test_the_command_prints_figures_as_json() -> None:
    arguments = [word for path in FILES for word in ("--data", str(path))]
    result = CliRunner().invoke(app, ["evaluate", *arguments, "--split", "test", "--by", "language", "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["events"]["all"]["texts"] == 530
    assert 0.8 < figures["written"]["ko"]["micro"]["f1"] <= 1
    assert set(figures["written"]["all"]["topics"]) == set(OURS.topic_ids)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Two words", 2),
        ("state-owned firms – and dashes", 4),
        ("十五国线上签字", 3),
        ("G7 首脑会议在广岛开幕", 5),
        ("한국 정부가 서명했다", 3),
        ("ผู้นำ", 2),
    ],
)
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    assert words(text) == count


def test_lengths_and_their_bounds() -> None:
    texts = [("word " * 400, ""), ("a", "word " * 58), ("a", "word " * 59), ("", "word " * 300), ("", "word " * 301)]
    assert [length_of(Document(title, "", text)) for title, text in texts] == [
        LENGTHS[0], LENGTHS[1], LENGTHS[2], LENGTHS[2], LENGTHS[3],
    ]  # fmt: skip
    assert length_of(Document("a", "a summary", "")) == LENGTHS[1]


def test_by_length_goes_from_short_to_long(tmp_path: Path) -> None:
    rows = [
        {"lang": "en", "title": "Rain", "text": text, "labels": []} for text in ("word " * 400, "", "word " * 100, "x")
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    arguments = ["evaluate", "--data", str(path), "--split", "all", "--by", "length", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["written"]
    assert list(figures) == ["all", *LENGTHS]
    assert {group: figures[group]["texts"] for group in LENGTHS} == dict.fromkeys(LENGTHS, 1)


@pytest.mark.parametrize("by", ["topic", "language", "length", "hard"])
def test_the_command_prints_a_table(by: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--data", str(FILES[0]), "--by", by, "--split", "all"])
    assert result.exit_code == 0, result.output
    assert "micro-F1 events" in result.stdout
    seen = {"topic": "trade-deals", "language": "en", "length": "60 to 300 words", "hard": "clear"}
    assert seen[by] in result.stdout


@pytest.fixture
def with_a_fourth_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A taxonomy of our topics and `rain`, in use."""
    path = tmp_path / "taxonomy.yaml"
    rain = """\
  - id: rain
    name: Rain
    description: rain
    groups: {wet: {en: [the]}}
    rules: [{id: wet, all: [wet], points: 9}]
"""
    assert OURS.path is not None
    path.write_text(OURS.path.read_text() + rain)
    monkeypatch.setenv("GEONEWS_TAXONOMY", str(path))
    get_settings.cache_clear()
    yield path
    monkeypatch.undo()
    get_settings.cache_clear()


def test_topics_that_our_texts_are_not_labelled_for_do_not_count(with_a_fourth_topic: Path) -> None:
    figures = [
        json.loads(CliRunner().invoke(app, ["evaluate", "--split", "all", "--json", *data]).stdout)
        for data in ([], ["--data", str(FILES[0])])
    ]
    assert "rain" not in figures[0]["events"]["all"]["topics"]
    assert figures[1]["events"]["all"]["topics"]["rain"]["precision"] == 0


def test_calibration_leaves_topics_alone_that_no_text_is_labelled_with(with_a_fourth_topic: Path) -> None:
    mine = weights_path(load_taxonomy(with_a_fourth_topic))
    assert CliRunner().invoke(app, ["calibrate"]).exit_code == 0
    assert load_weights(mine).keys() == set(OURS.topic_ids)
    kept = Weights(intercept=-2, rules={"wet": 3})
    save_weights(mine, load_weights(mine) | {"rain": kept})
    assert CliRunner().invoke(app, ["calibrate"]).exit_code == 0
    assert load_weights(mine)["rain"] == kept
