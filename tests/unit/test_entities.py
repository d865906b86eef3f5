"""People and organisations: names in many scripts, shared names, and the shipped list."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.classification.base import Document
from app.steps import entities, sectors
from app.steps.entity_list import known_entities
from app.steps.spelling import expand

SOURCES = Path(__file__).parents[2] / "data" / "entities" / "sources.tsv"


def named(title: str, text: str = "", language: str | None = None) -> set[str]:
    found = entities.find(Document(title, "", text, language))
    return {mention.name for mention in (*found.people, *found.organisations)}


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("Trump and Carney meet in Ottawa", "en", {"Donald Trump", "Mark Carney"}),
        ("Setkání Zelenského s Macronem", "cs", {"Volodymyr Zelenskyy", "Emmanuel Macron"}),
        ("Путина ждут в Кремле", "ru", {"Vladimir Putin", "Kremlin"}),
        ("Зеленський зустрівся з Меркель у НАТО", "uk", {"Volodymyr Zelenskyy", "Angela Merkel", "NATO"}),
        ("习近平会见冯德莱恩", "zh", {"Xi Jinping", "Ursula von der Leyen"}),
        ("트럼프, 현대차 방문", "ko", {"Donald Trump", "Hyundai Motor Company"}),
        ("高市首相と欧州委員会", "ja", {"Sanae Takaichi", "European Commission"}),
        ("ترامب يلتقي زيلينسكي", "ar", {"Donald Trump", "Volodymyr Zelenskyy"}),
        ("ट्रंप और मोदी की मुलाकात", "hi", {"Donald Trump", "Narendra Modi"}),
        ("נתניהו נפגש עם טראמפ", "he", {"Benjamin Netanyahu", "Donald Trump"}),
        ("Ο Μητσοτάκης στο ΝΑΤΟ", "el", {"Kyriakos Mitsotakis", "NATO"}),
        (
            "USTR presses the WTO",
            "en",
            {"Office of the United States Trade Representative", "World Trade Organization"},
        ),
        ("Melania Trump opens a school", "en", set()),
        ("Lee wins the cup, Kim second, Jordan third", "en", set()),
        ("Harrison Ford eats an apple by the Shell Bridge", "en", set()),
        ("Fires spread in the Amazon", "en", set()),
        ("Oil: Shell raises its output of crude oil and natural gas", "en", {"Shell"}),
    ],
)
def test_names_of_a_title(title: str, language: str, expected: set[str]) -> None:
    assert named(title, language=language) == expected


def test_a_surname_counts_after_the_whole_name() -> None:
    found = entities.find(
        Document("Lee in Ottawa", "", "President Lee Jae-myung arrived. Lee will leave on Friday.", "en")
    )
    assert [(person.name, person.wikidata, person.mentions) for person in found.people] == [
        ("Lee Jae-myung", "Q12612463", 3)
    ]


def test_the_longest_name_wins() -> None:
    found = entities.find(Document("European Commission and European Council", "", "", "en"))
    assert [(o.name, o.mentions) for o in found.organisations] == [("European Commission", 1), ("European Council", 1)]


def test_an_article_that_names_everyone_is_cut() -> None:
    text = ". ".join(label for label, entity in known_entities().items() if entity.kind == "P")
    assert len(entities.find(Document("", "", text, "en")).people) == 40


def test_the_list_is_whole() -> None:
    known = known_entities()
    assert len(known) >= 1500
    ids = Counter(entity.wikidata for entity in known.values() if entity.wikidata)
    assert [item for item, count in ids.items() if count > 1] == []
    assert all(re.fullmatch(r"Q[1-9]\d*", item) for item in ids)
    assert {entity.kind for entity in known.values()} == {"P", "O"}
    assert {sector for entity in known.values() for sector in entity.sectors} <= {
        f"#{name}" for name in sectors.SECTORS
    }


def test_a_whole_name_is_one_entity_and_no_label_is_an_id() -> None:
    owners: dict[str, set[str]] = {}
    for label, entity in known_entities().items():
        assert not re.fullmatch(r"Q\d+", label)
        for alias in entity.aliases:
            if not alias.startswith("?"):
                for spelling in expand(alias):
                    owners.setdefault(spelling.rstrip("*^&="), set()).add(label)
    assert {spelling: labels for spelling, labels in owners.items() if len(labels) > 1} == {}


def test_every_id_has_a_source_and_no_entry_has_another() -> None:
    rows = [line.split("\t") for line in SOURCES.read_text("utf-8").splitlines()]
    listed = {label: entity.wikidata for label, entity in known_entities().items() if entity.wikidata}
    assert {label: item for item, label, _ in rows} == listed
    assert all(source for _, _, source in rows)


@pytest.mark.parametrize(
    ("label", "item"),
    [("Vladimir Putin", "Q7747"), ("World Trade Organization", "Q7825"), ("NATO", "Q7184"), ("Toyota", "Q53268")],
)
def test_well_known_ids(label: str, item: str) -> None:
    assert known_entities()[label].wikidata == item


def test_every_whole_name_is_found_by_its_label() -> None:
    """Save those whose label others share or another name contains."""
    lost = [
        label
        for label, entity in known_entities().items()
        if label in entity.aliases and label not in named("", f"Talks with {label} went on.", "en")
    ]
    assert lost == []
