"""Stages of deals and sides of the war: rules, places, and the labelled set."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.classification.base import Document, Evidence
from app.steps.facet_scores import evaluate_facets, evaluate_stages
from app.steps.facets import FACETS, STAGES, deal_stage, war_facets
from app.steps.gazetteer import scan

DATA = Path(__file__).parents[2] / "data" / "facets"
FILLER = "The guests stayed at the same hotel and ate at one table. " * 12


def stage(title: str, text: str = "", language: str = "en", evidence: tuple[Evidence, ...] = ()) -> str | None:
    document = Document(title, "", text, language)
    return deal_stage(document, scan(document), evidence)


def sides(title: str, text: str = "", language: str = "en", evidence: tuple[Evidence, ...] = ()) -> list[str]:
    document = Document(title, "", text, language)
    return list(war_facets(document, scan(document), evidence))


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Canada and Korea sign pact", "Talks had taken a year.", "signed"),
        ("Pact not yet signed", "The ministers want it to be signed in May.", "talks"),
        ("No deal in Geneva", "The sides signed a joint statement.", "talks"),
        ("Pact takes effect", "It was signed in 2019 and ratified in 2021.", "in-force"),
        ("Pact of two countries", "Signed in 2019, the agreement was suspended on Friday.", "suspended"),
        ("Talks without a deal end as Ottawa pulls out of pact", "", "ended"),
        ("What the pact would mean for farmers", "Ten answers.", None),
    ],
)
def test_stages(title: str, text: str, expected: str | None) -> None:
    assert stage(title, text) == expected


def test_deep_in_the_text_only_what_stands_near_the_evidence_counts() -> None:
    text = f"{FILLER}The free trade agreement entered into force. {FILLER}A contract on ships was terminated."
    at = text.index("free trade agreement")
    assert stage("News", text) is None
    assert stage("News", text, evidence=(Evidence("text", at, at + 20, "free trade agreement"),)) == "in-force"


def test_evidence_is_found_after_letters_of_several_bytes() -> None:
    text = "ё" * 700 + f". {FILLER}Соглашение о свободной торговле ратифицировано."
    at = text.index("Соглашение")
    assert stage("Новости", text, "ru", (Evidence("text", at, at + 10, "Соглашение"),)) == "ratified"


def test_a_side_of_the_war_needs_title_or_lead_or_two_mentions_near_the_evidence() -> None:
    text = f"{FILLER}Ukraine: sanctions. {FILLER}"
    at = text.index("Ukraine")
    evidence = (Evidence("text", at, at + 7, "Ukraine"),)
    assert sides("News", text, evidence=evidence) == []
    assert sides("News", text.replace("sanctions", "sanctions and more sanctions"), evidence=evidence) == ["sanctions"]
    assert sides("Sanctions on Moscow") == ["sanctions"]


def test_weapons_as_aid_are_no_strike_and_no_front() -> None:
    assert sides("Military aid: artillery for Kyiv") == ["aid"]
    assert sides("Artillery fire near Pokrovsk") == ["front"]
    assert sides("Military aid: missiles for Kyiv") == ["aid"]
    assert sides("Missiles hit Kyiv") == ["strike"]
    assert set(sides("After air strikes, military aid: missiles for Kyiv")) == {"strike", "aid"}


def labelled(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def test_scores_on_the_labelled_set() -> None:
    stages, facets = labelled("stages.jsonl"), labelled("facets.jsonl")
    assert min(len(stages), len(facets)) >= 110
    assert min(len({row["lang"] for row in rows}) for rows in (stages, facets)) >= 12
    assert {row["stage"] for row in stages} == {*STAGES, None}
    assert {facet for row in facets for facet in row["facets"]} == set(FACETS)
    held_out = [[row for row in rows if row["split"] == "held-out"] for rows in (stages, facets)]
    assert evaluate_stages(held_out[0]).f1 >= 0.9
    assert evaluate_facets(held_out[1]).f1 >= 0.85
