"""geonews topics add and train: what they write, what they say, and what they refuse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.classification import registry, taxonomy
from app.classification.heads import heads_path, load_heads
from app.classification.taxonomy import load_taxonomy
from app.cli import app
from app.cli import topics_add as _command  # noqa: F401 (registers the commands)
from app.errors import ConfigurationError, KafkaUnavailable
from app.settings import get_settings
from tests.model_tools import random_model, save_encoder
from tests.unit.test_new_topic import weather

TAXONOMY = """\
# ours
version: "1"
topics:
  - id: rain
    name: Rain
    description: rain
    groups: {wet: {en: [rain*]}}
    rules: [{id: wet, all: [wet], points: 9}]  # always
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with a taxonomy in use, examples and background; no Kafka, and no model."""
    examples, others = weather(20)
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY)
    for name, given in (("examples", examples), ("background", others)):
        lines = [
            {"text": each.document.text, "language": "en", "labels": ["storms"] if each.belongs else []}
            for each in given
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setenv("GEONEWS_TAXONOMY", str(tmp_path / "taxonomy.yaml"))
    monkeypatch.setenv("GEONEWS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GEONEWS_KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setattr("app.classification.encoder.encoder_directory", lambda: tmp_path / "model")
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def run(place: Path, command: str, *more: str, topic: str = "storms") -> Result:
    files = ["--examples", str(place / "examples.jsonl"), "--background", str(place / "background.jsonl")]
    described = ["--description", "Storms"] if command == "add" else []
    return CliRunner().invoke(app, ["topics", command, topic, *files, *described, *more])


def said(result: Result) -> str:
    return " ".join(result.output.split())


def files(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}


def test_a_topic_is_added_with_its_terms_and_nothing_else_changes(place: Path) -> None:
    result = run(place, "add", "--name", "Big storms")
    assert result.exit_code == 0, result.output
    after = (place / "taxonomy.yaml").read_text()
    assert after.startswith(TAXONOMY)
    [_, topic] = load_taxonomy(place / "taxonomy.yaml").topics
    assert (topic.id, topic.name, topic.description) == ("storms", "Big storms", "Storms")
    assert {"floods", "destroys", "batters"} <= {term.text.rstrip("*") for term in topic.groups["signs"]["en"]}
    assert "terms alone" in result.output
    assert "the model's head" not in result.output
    assert "20 examples in 1 languages, 10 near misses, 80 background texts" in said(result)
    assert "no model in" in said(result)
    assert "make model" in said(result)
    assert "geonews topics create makes the channel geonews.events.storms.v1" in said(result)
    assert not heads_path(load_taxonomy(place / "taxonomy.yaml")).exists()


def test_a_dry_run_shows_the_topic_and_writes_nothing(place: Path) -> None:
    before = files(place)
    result = run(place, "add", "--dry-run")
    assert result.exit_code == 0, result.output
    assert files(place) == before
    assert "- id: storms" in result.output
    assert "signs:" in result.output


def test_the_same_topic_is_not_added_twice(place: Path) -> None:
    assert run(place, "add").exit_code == 0
    before = files(place)
    again = run(place, "add")
    assert isinstance(again.exception, ConfigurationError)
    assert "geonews topics train storms" in str(again.exception)
    assert files(place) == before


def test_a_kafka_that_does_not_answer_is_named_and_the_topic_stands(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEONEWS_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    get_settings.cache_clear()
    result = run(place, "add")
    assert isinstance(result.exception, KafkaUnavailable)
    assert "The topic is in the taxonomy; geonews topics create" in str(result.exception)
    assert load_taxonomy(place / "taxonomy.yaml").topic_ids == ["rain", "storms"]


@pytest.mark.parametrize(
    ("topic", "change", "message"),
    [
        ("Big Storms", {}, "id 'Big Storms'"),
        ("storms", {"examples.jsonl": '{"title": "x"}'}, "1 examples belong to storms"),
        ("storms", {"examples.jsonl": None}, "examples.jsonl: No such file"),
        ("storms", {"background.jsonl": None}, "use --background"),
        ("storms", {"background.jsonl": "nonsense"}, "background.jsonl, line 1"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_written(
    place: Path, topic: str, change: dict[str, Any], message: str
) -> None:
    for name, content in change.items():
        (place / name).unlink()
        if content is not None:
            (place / name).write_text(content)
    result = run(place, "add", topic=topic)
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)
    assert (place / "taxonomy.yaml").read_text() == TAXONOMY


def test_the_taxonomy_of_an_installed_package_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "_data").mkdir()
    (place / "_data" / "taxonomy.yaml").write_text(TAXONOMY)
    monkeypatch.setattr(taxonomy, "PACKAGE", place)
    monkeypatch.setenv("GEONEWS_TAXONOMY", str(place / "_data" / "taxonomy.yaml"))
    get_settings.cache_clear()
    result = run(place, "add")
    assert "GEONEWS_TAXONOMY" in str(result.exception)
    assert (place / "_data" / "taxonomy.yaml").read_text() == TAXONOMY


def with_model(place: Path, *topics: str) -> None:
    save_encoder(place / "model", random_model(1, int8=False), [*topics, "one", "two", "three"][:3])
    (place / "model" / "decisions.json").write_text("{}")


def test_where_there_is_a_model_a_head_is_trained_and_the_cascade_uses_it(place: Path) -> None:
    with_model(place)
    result = run(place, "add")
    assert result.exit_code == 0, result.output
    for name in ("terms alone", "the model's head alone", "both, as the cascade does"):
        assert name in result.output
    mine = load_taxonomy(place / "taxonomy.yaml")
    heads = load_heads(heads_path(mine))
    assert (heads["storms"].encoder, heads["storms"].examples) == ("tiny", 20)
    before = registry.build_classifier("cascade", mine).info
    heads_path(mine).unlink()
    assert registry.build_classifier("cascade", mine).info != before
    again = run(place, "train", "--fast")
    assert again.exit_code == 0, again.output
    assert load_heads(heads_path(mine))["storms"].decision.reject is not None
    assert "restart" in again.output


def test_train_measures_terms_as_they_stand_where_there_is_no_model(place: Path) -> None:
    assert run(place, "add").exit_code == 0
    before = files(place)
    result = run(place, "train")
    assert result.exit_code == 0, result.output
    assert "terms alone" in result.output
    assert files(place) == before


def test_train_needs_a_topic_that_stands_in_the_taxonomy(place: Path) -> None:
    assert "geonews topics add storms" in str(run(place, "train").exception)


def test_a_topic_that_the_model_knows_gets_no_head(place: Path) -> None:
    with_model(place, "rain")
    (place / "examples.jsonl").write_text(
        "\n".join(json.dumps({"title": f"rain {at}", "language": "en"}) for at in range(9))
    )
    assert "knows rain by itself" in str(run(place, "train", topic="rain").exception)
