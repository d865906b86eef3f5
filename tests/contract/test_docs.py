"""The reference pages are made from code, and nothing that a user can set, watch or call is missing from them."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

import app.metrics
from app.cli import _load_commands
from app.cli import app as geonews
from app.cli.docs import documents
from app.docs import REMEDY, commands, metrics, row, settings
from app.generated import check
from app.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    _load_commands()
    return documents()


@pytest.fixture(scope="module")
def every_command() -> dict[str, Any]:
    _load_commands()
    return dict(commands.commands(typer.main.get_command(geonews)))


def test_pages_are_fresh(pages: dict[str, str]) -> None:
    check(pages, ROOT / "docs", REMEDY)


def test_every_setting_stands_in_the_page_once_and_says_what_it_is(pages: dict[str, str]) -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, f"GEONEWS_{name.upper()} needs a description in app/settings.py"
        assert pages["settings.md"].count(f"| `{settings.variable(name)}` |") == 1
    assert "" not in settings.sections(), "a setting stands under no comment"


def test_every_metric_stands_in_the_page_once_and_says_what_it_is(pages: dict[str, str]) -> None:
    exposed = [described for metric in metrics.all_metrics() for described in metric.describe()]
    assert len(exposed) > 20
    for metric in exposed:
        assert metric.name.startswith("geonews_")
        assert metric.documentation.endswith(".") or "labelled" in metric.documentation
        assert len(re.findall(rf"^\| `{metric.name}(_total)?` \|", pages["metrics.md"], re.MULTILINE)) == 1


def test_metrics_are_defined_in_one_file_alone() -> None:
    """A metric that is made elsewhere would be in no page."""
    makes = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*[\"']geonews_")
    own = Path(app.metrics.__file__)
    others = [file for folder in ("app", "agents") for file in (ROOT / folder).rglob("*.py") if file != own]
    assert makes.search(own.read_text())
    assert [file for file in others if makes.search(file.read_text())] == []


def test_every_command_stands_in_the_page_and_teaches(pages: dict[str, str], every_command: dict[str, Any]) -> None:
    headings = re.findall(r"^## (geonews .+)$", pages["cli.md"], re.MULTILINE)
    assert headings == list(every_command)
    for name, command in every_command.items():
        assert command.help, f"{name} has no help"
        for parameter in command.params:
            assert parameter.help, f"{name}: {parameter.name} has no help"


def test_every_variable_that_is_mentioned_exists() -> None:
    """In code, pages and the compose file: a renamed setting leaves no trace of its old name."""
    known = {settings.variable(name) + suffix for name in Settings.model_fields for suffix in ("", "_FILE")}
    known.add("GEONEWS_X")  # any of them
    known.add("GEONEWS_X_FILE")
    files = [ROOT / "README.md", *ROOT.glob("*.y*ml"), *(ROOT / "docs").rglob("*.md")]
    files += [file for folder in ("app", "agents", "schemas", "docker") for file in (ROOT / folder).rglob("*.*")]
    mentioned: dict[str, Path] = {}
    for file in files:
        if file.suffix in {".py", ".md", ".yml", ".yaml", ".sh"}:
            mentioned |= dict.fromkeys(re.findall(r"\bGEONEWS_[A-Z][A-Z_]*[A-Z]\b", file.read_text("utf-8")), file)
    assert {name: str(file) for name, file in mentioned.items() if name not in known} == {}


def test_a_cell_cannot_break_its_table() -> None:
    assert row("a|b", "c\nd") == "| a\\|b | c d |"
