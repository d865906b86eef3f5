"""Alerts, routes and runbooks: valid by Prometheus's own tools, tested, and about metrics and commands that exist."""

import importlib
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
import yaml

from app.cli import _load_commands
from app.cli import app as geonews
from app.docs import commands, metrics
from app.generated import check
from tests.debian_tools import program

ROOT = Path(__file__).parents[2]
PROMETHEUS, RUNBOOKS = ROOT / "docker" / "prometheus", ROOT / "docs" / "runbooks"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
TESTS: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "rules.test.yml").read_text("utf-8"))["tests"]
_NAME = re.compile(r"\bgeonews_[a-z_]+")
_CALLED = re.compile(r"(?:`|^ {4}|\| )(geonews [a-z-]+(?:\s[a-z-]+)?)", re.MULTILINE)


def known_series() -> set[str]:
    """Every series name that app/metrics.py leads to."""
    names = set()
    for metric in metrics.all_metrics():
        [described] = metric.describe()
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(described.type, [""])
        names |= {described.name + suffix for suffix in suffixes}
    return names


def _build() -> ModuleType:
    """docker/grafana/build.py, a script beside the modules that it uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docker" / "grafana"))
        return importlib.import_module("build")


def test_dashboards_are_fresh() -> None:
    build = _build()
    check(build.documents(), build.HERE / "dashboards", build.REMEDY)


def test_dashboards_speak_of_metrics_that_exist() -> None:
    for file in (ROOT / "docker" / "grafana" / "dashboards").glob("*.json"):
        found = set(_NAME.findall(file.read_text("utf-8")))
        assert found
        assert found <= known_series(), file.name


def _passes(*command: str) -> None:
    done = subprocess.run(
        [program(command[0]), *command[1:]], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration_and_the_rules() -> None:
    _passes("promtool", "check", "config", "prometheus.yml")


def test_the_rules_pass_their_unit_tests() -> None:
    _passes("promtool", "test", "rules", "rules.test.yml")


def test_alertmanager_takes_its_configuration() -> None:
    _passes("amtool", "check-config", "../alertmanager/alertmanager.yml")


@pytest.mark.parametrize(
    ("severity", "alert", "receiver"), [("page", "GeonewsLag", "pages"), ("ticket", "GeonewsEventAge", "tickets")]
)
def test_alerts_go_to_the_receiver_of_their_severity(severity: str, alert: str, receiver: str) -> None:
    assert RULES[alert]["labels"]["severity"] == severity
    file = "--config.file=../alertmanager/alertmanager.yml"
    labels = [f"alertname={alert}", f"severity={severity}"]
    _passes("amtool", "config", "routes", "test", file, f"--verify.receivers={receiver}", *labels)


@pytest.mark.parametrize("alert", RULES)
def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: str) -> None:
    cases = [case for test in TESTS for case in test["alert_rule_test"] if case["alertname"] == alert]
    assert {bool(case["exp_alerts"]) for case in cases} == {True, False}


@pytest.mark.parametrize("alert", RULES)
def test_each_alert_says_what_happens_and_has_a_runbook(alert: str) -> None:
    rule = RULES[alert]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    page = ROOT / rule["annotations"]["runbook"]
    assert page == RUNBOOKS / f"{alert}.md"
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert headings[0].startswith(f"{alert}: ")
    assert headings[1:] == ["What it means", "How to look", "How to fix"]
    assert f"[{alert}]({alert}.md)" in (RUNBOOKS / "README.md").read_text("utf-8")


def test_no_runbook_is_left_over() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == set(RULES)


@pytest.mark.parametrize("alert", RULES)
def test_rules_and_their_tests_speak_of_metrics_that_exist(alert: str) -> None:
    used = set(_NAME.findall(RULES[alert]["expr"]))
    series = [given["series"] for test in TESTS if test["name"].startswith(alert) for given in test["input_series"]]
    used |= {name for given in series for name in _NAME.findall(given)}
    assert used <= known_series()


def test_runbooks_speak_of_commands_and_metrics_that_exist() -> None:
    _load_commands()
    known = dict(commands.commands(typer.main.get_command(geonews)))
    names = {described.name for metric in metrics.all_metrics() for described in metric.describe()}
    for page in RUNBOOKS.glob("Geonews*.md"):
        text = page.read_text("utf-8")
        assert re.search(r"^ {4}\S", text, re.MULTILINE), f"{page.name} shows no command"
        for command in _CALLED.findall(text):
            words = " ".join(command.split())
            assert any(f"{words} ".startswith(f"{name} ") for name in known), f"{page.name}: there is no `{words}`"
        mentioned = {name.removesuffix("_bucket").removesuffix("_total") for name in _NAME.findall(text)}
        assert mentioned <= names, page.name
