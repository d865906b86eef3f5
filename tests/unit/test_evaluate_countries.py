"""`geonews evaluate countries` and `facets`: what they print, and the figures that must not fall."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli import evaluate_countries as _command  # noqa: F401 (registers the commands)
from app.errors import ConfigurationError


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["evaluate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_countries_of_held_out_articles() -> None:
    report = json.loads(printed("countries", "--json"))
    assert report["articles"] >= 200
    assert report["f1"] >= 0.93
    assert report["precision"] >= 0.95
    assert len(report["languages"]) >= 25
    assert all({"article", "missed", "extra"} <= set(wrong) for wrong in report["worst"])


def test_countries_of_articles_that_do_not_say_their_language() -> None:
    assert json.loads(printed("countries", "--guess", "--json"))["f1"] >= 0.92


def test_there_are_more_than_300_articles() -> None:
    assert json.loads(printed("countries", "--split", "all", "--json"))["articles"] >= 320


def test_the_table_shows_languages_and_the_worst_articles() -> None:
    shown = printed("countries", "--errors", "3")
    assert "F1 0.9" in shown
    assert sum(line.startswith(("missed", "not there")) for line in shown.splitlines()) == 3


def test_facets_of_held_out_articles() -> None:
    report = json.loads(printed("facets", "--json"))
    assert report["stages, own"]["f1"] >= 0.95
    assert report["stages, written"]["f1"] >= 0.75
    assert report["facets, own"]["f1"] >= 0.95
    assert report["facets, written"]["f1"] >= 0.7
    assert "stages, all" in printed("facets")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "checkout"), ("{", "JSON object"), ('{"lang":"en","split":"tune"}', "--split all")],
)
def test_data_that_cannot_be_used(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "labelled.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=said):
        printed("countries", "--data", str(file))
