"""What two texts can share: names across scripts, numbers however written, words by their stems, concepts."""

import pytest

from app.classification.base import Document
from app.stories import concepts
from app.stories.names import skeleton
from app.stories.words import names, numbers, words


@pytest.mark.parametrize(
    "spellings",
    [
        [("Zelenskyy", "en"), ("Зеленський", "uk"), ("Selenskyj", "de"), ("زيلينسكي", "ar"), ("젤렌스키", "ko")],
        [("Zelensky", "fr"), ("ゼレンスキー", "ja"), ("ज़ेलेंस्की", "hi"), ("Ζελένσκι", "el"), ("זלנסקי", "he")],
        [("Kharkiv", "en"), ("Харків", "uk"), ("Charkow", "pl"), ("Charkiw", "de"), ("خاركيف", "ar")],
        [("Chernihiv", "en"), ("Чернігів", "uk")],
    ],
)
def test_a_name_has_one_skeleton_in_every_script(spellings: list[tuple[str, str]]) -> None:
    assert len({skeleton(word, language) for word, language in spellings}) == 1


def test_other_names_have_other_skeletons() -> None:
    found = {skeleton(word, "en") for word in ("Kharkiv", "Kherson", "Odesa", "Zelenskyy", "Witkoff", "Umerov")}
    assert len(found) == 6


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,200 drones", {"1200"}),
        ("1.200 Drohnen", {"1200"}),
        ("1\u202f200 drones", {"1200"}),
        ("über 1.200.000 Tonnen", {"1.2e+06"}),
        ("1,5 milliards et 3.7 billion", {"1.5", "3.7"}),
        ("3万人", {"30000"}),
        ("٣٤٥ صاروخا", {"345"}),
        ("१५० करोड़", {"150"}),
        ("on 5 January, 9 people", set()),
        ("0.05", {"0.05"}),
        ("2026 150", {"2026", "150"}),
    ],
)
def test_numbers_are_read_as_they_are_meant(text: str, found: set[str]) -> None:
    assert numbers(text) == found


def test_stems_join_inflected_forms_and_characters_go_in_pairs() -> None:
    assert set(words("переговори про перемир'я")) & set(words("переговорів"))
    assert set(words("加拿大和韩国")) == {"加拿", "拿大", "大和", "和韩", "韩国"}
    assert "한국" in words("한국과")


def test_names_are_capitalised_words_or_long_ones_where_nothing_is() -> None:
    assert skeleton("Davos", "en") in names("Zelenskyy met Trump in Davos yesterday", "en")
    assert skeleton("yesterday", "en") not in names("Zelenskyy met Trump in Davos yesterday", "en")
    assert skeleton("كوستيوكوف", "ar") in names("التقى كوستيوكوف", "ar")


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Grain burns in the port"),
        ("uk", "У порту горить зерно"),
        ("de", "Getreide brennt im Hafen"),
        ("ar", "حريق الحبوب في الميناء"),
        ("zh", "港口粮食起火"),
        ("tr", "Limanda tahıl yangını"),
    ],
)
def test_concepts_are_the_same_in_every_language(language: str, title: str) -> None:
    assert {"grain", "port", "fire"} <= set(concepts.find(Document(title, "", "", language)))
