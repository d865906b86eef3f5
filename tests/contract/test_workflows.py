""".github and .pre-commit-config.yaml: valid, and about commands and files that exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from app import __version__
from app.cli import _load_commands, app

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def _check(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflows_are_valid(file: Path) -> None:
    done = _check(file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_that_would_notice_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text("utf-8").replace("runs-on:", "run-on:"), "utf-8")
    assert _check(wrong).returncode != 0


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_to_a_version_and_targets_exist(file: Path) -> None:
    text = file.read_text("utf-8")
    assert all(re.search(r"@v?\d+(\.\d+)*$", used) for used in re.findall(r"uses: (\S+)", text))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    for path in re.findall(r"(?<!uses: )\b(docker/\S+|deploy/overlays)", text):
        assert (ROOT / path).exists(), path


def test_hooks_call_what_exists() -> None:
    _load_commands()
    for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]:
        assert repo["repo"] == "local"
        for hook in repo["hooks"]:
            program, *words = hook["entry"].split()
            assert program.startswith(".venv/bin/")
            if program.endswith("/geonews"):
                command = typer.main.get_command(app)
                for word in [word for word in words if not word.startswith("-")]:
                    command = command.commands[word]  # type: ignore[attr-defined]  # a group has them
            if program.endswith("/python"):
                assert (ROOT / words[0]).is_file()


def test_the_changelog_has_this_version_s_part() -> None:
    parts = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert parts[0] == "Unreleased"
    assert __version__ in parts
