"""docs/dead-letters.md names exactly the reasons and stages that the code knows."""

import re
from pathlib import Path

from schemas.dead_letter import PREFIX, DeadLetterHeaders, Reason, Stage

PAGE = (Path(__file__).parents[2] / "docs" / "dead-letters.md").read_text("utf-8")
REMEDY = "correct docs/dead-letters.md: its list of reasons is closed and follows schemas/dead_letter.py"


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_reasons_are_those_of_the_code_in_its_order() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", section("Reasons"), re.MULTILINE)
    assert [slug for slug, _, _ in rows] == [reason.value for reason in Reason], REMEDY


def test_headers_are_those_of_the_code() -> None:
    about = DeadLetterHeaders(Stage.VALIDATE, Reason.NO_TEXT, "", "", "", 0, 0, 0)
    written = {name.removeprefix(PREFIX) for name, _ in about.to_headers()}
    cells = " ".join(re.findall(r"^\| (.+?) \|", section("What the headers say"), re.MULTILINE))
    named = {name.removeprefix(PREFIX).lstrip(".") for name in re.findall(r"`([a-z.]+)`", cells)}
    assert named == written, REMEDY
    row = next(line for line in PAGE.splitlines() if line.startswith("| `geonews.error.stage`"))
    assert re.findall(r"`([a-z]+)`", row) == [stage.value for stage in Stage], REMEDY
