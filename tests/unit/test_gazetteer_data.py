"""The shipped terms: every code and label exists, every country can be found, and the scores hold."""

import json
from pathlib import Path

import pycountry
import pytest

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps import countries, sectors
from app.steps.country_scores import evaluate_countries
from app.steps.facets import FACETS, STAGES

GAZETTEER = config_directory() / "gazetteer"
TERM_FILES = sorted(GAZETTEER.glob("*.txt"))
LABELLED = Path(__file__).parents[2] / "data" / "countries" / "labelled.jsonl"
GROUPS = {"KOREA", "CONGO", "GEORGIA", "JORDAN", "CHAD", "TURKEY", "GAZA", "OMAN", "FIJI", "SEOUL", "KYIV", "BENIN"}


def meanings(file: Path) -> set[str]:
    lines = file.read_text("utf-8").splitlines()
    return {line.partition(" = ")[0].strip() for line in lines if line and not line.startswith("//")}


@pytest.mark.parametrize("file", TERM_FILES, ids=lambda file: file.stem)
def test_every_meaning_is_known(file: Path) -> None:
    codes = set(countries.country_names())
    for meaning in meanings(file):
        if meaning.startswith("#"):
            assert meaning[1:] in sectors.SECTORS
        elif meaning.startswith("~"):
            side, _, name = meaning[1:].partition(".")
            assert name in ({*STAGES, "unsigned", "-"} if side == "deal" else {*FACETS, "arms", "guns"})
        elif meaning.startswith("@"):
            assert meaning[1:] in GROUPS
        elif meaning.startswith("?"):
            group, _, option = meaning[1:].partition(".")
            assert group in GROUPS
            assert option in codes | {"-"}
        else:
            assert set(meaning.split("+")) <= codes | {"-", "$-"}


def test_every_country_of_iso_3166_is_there_and_kosovo() -> None:
    assert set(countries.country_names()) == {country.alpha_2 for country in pycountry.countries} | {"XK"}


def test_every_country_is_found_by_its_english_name() -> None:
    lost = {}
    for code, name in countries.country_names().items():
        found = {c.code for c in countries.find(Document("", "", f"Talks were held in {name} on Monday.", "en"))}
        if found != {code}:
            lost[name] = found
    assert lost == {}


def test_names_stand_in_at_least_25_languages() -> None:
    rows = [line.split("\t") for line in (GAZETTEER / "names.tsv").read_text("utf-8").splitlines()]
    assert len({language for language, code, _ in rows if code == "KR"}) >= 25
    assert all(len(row) == 3 for row in rows)


def test_scores_on_labelled_articles() -> None:
    rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    scores = evaluate_countries(rows)
    assert scores.articles >= 120
    assert scores.f1 >= 0.93
    assert evaluate_countries(rows, with_language=False).f1 >= 0.92
