"""The training rows: valid, of the taxonomy, unlike each other and unlike everything that is measured on."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROW: dict[str, Any] = {
    "lang": "en",
    "title": "",
    "text": "A heron has nested on the roof of the customs house in Trieste for the third year running.",
    "labels": [],
    "hard": False,
    "kind": "event",
}


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_check", ROOT / "data" / "training" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_wrong_with_the_rows(check: ModuleType) -> None:
    assert check.fresh_rows()
    assert check.problems([*check.training_rows(), *check.fresh_rows()], check.labelled_rows()) == []


def test_full_length_articles_are_valid_rows(check: ModuleType) -> None:
    rows = list(check.load(sorted((ROOT / "data" / "articles").glob("*.jsonl"))))
    assert len(rows) == 80
    assert [fault for _, row in rows for fault in check.faults(row, check.topics())] == []


def test_the_rows_are_many_in_every_language_and_of_both_kinds(check: ModuleType) -> None:
    rows = [row for _, row in check.training_rows()]
    assert len(rows) >= 900
    assert {row["lang"] for row in rows} == check.LANGUAGES
    for lang in check.LANGUAGES:
        labels = [label for row in rows if row["lang"] == lang for label in row["labels"]]
        assert {label for label in labels if labels.count(label) >= 2} == check.topics(), lang
    assert 0.4 <= sum(not row["labels"] for row in rows) / len(rows) <= 0.65


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labels": ["ukraine"]}, "not in the taxonomy"),
        ({"labels": ["davos", "davos"]}, "a label twice"),
        ({"lang": "xx"}, "unknown language"),
        ({"kind": "rumour"}, "unknown kind"),
        ({"text": " "}, "neither title nor text"),
        ({"hard": "yes"}, "hard is not a bool"),
        ({"source": "x"}, "fields are"),
    ],
)
def test_a_faulty_row_is_found(check: ModuleType, change: dict[str, Any], complaint: str) -> None:
    wrong = check.problems([("rows:1", ROW | change)], [])
    assert len(wrong) == 1
    assert wrong[0].startswith("rows:1: ")
    assert complaint in wrong[0]


def test_a_near_duplicate_is_found_within_the_rows_and_among_the_labelled(check: ModuleType) -> None:
    like = ROW | {"text": "For the third year a heron has nested on the roof of the customs house in TRIESTE!"}
    other = ROW | {"text": "Bakers in Ghent hand out free rolls to everyone who arrives by tram before seven o'clock."}
    assert "events:1" in check.problems([("rows:1", like)], [("events:1", ROW)])[0]
    assert "rows:1" in check.problems([("rows:1", ROW), ("rows:2", like)], [])[0]
    assert check.problems([("rows:1", ROW)], [("events:1", other)]) == []


def test_a_line_that_is_no_row_says_where_it_stands(check: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"lang": "en"}\n{"lang": \n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.jsonl:2: not JSON"):
        list(check.load([path]))
