"""Countries in articles: names, inflected forms, metonyms and the traps."""

import pytest

from app.classification.base import Document
from app.steps import countries


def found(title: str, text: str = "", language: str | None = None) -> set[str]:
    return {country.code for country in countries.find(Document(title, "", text, language))}


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        ("Canada, South Korea sign auto and critical minerals deal as hedge against United States", "CA KR US"),
        ("Ottawa and Seoul look past Washington", "CA KR US"),
        ("Georgia votes: long lines in Atlanta", "US"),
        ("Georgia police use water cannon in Tbilisi", "GE"),
        ("Michael Jordan buys a boat", ""),
        ("Jordan and Israel reopen the crossing", "JO IL"),
        ("Roast turkey for six with china plates", ""),
        ("Turkey and Greece talk again", "TR GR"),
        ("Niger expels envoys", "NE"),
        ("Nigeria expels envoys", "NG"),
        ("Korea's carmakers fear tariffs", "KR"),
        ("Kim Jong-un says Korea will not bow", "KP"),
        ("Wildfires in New Mexico", "US"),
        ("They told us about it", ""),
        ("US and Mexico talk", "US MX"),
        ("A polished floor, a polish brand", ""),
        ("Polish farmers block the border", "PL"),
        ("Papua New Guinea and Equatorial Guinea play", "PG GQ"),
        ("Belfast, Northern Ireland: talks resume", "GB"),
        ("Brussels proposes new duties", ""),
        ("The Washington Post reports", ""),
        ("South American farmers protest", ""),
    ],
)
def test_english(title: str, codes: str) -> None:
    assert found(title) == set(codes.split())


def test_prominence_falls_from_title_to_lead_to_body_and_counts_mentions() -> None:
    text = "Japan agreed. " + "Nothing else was said. " * 30 + "Peru watched."
    by_code = {country.code: country for country in countries.find(Document("Chile and Chile again", "", text))}
    assert by_code["CL"].mentions == 2
    assert by_code["CL"].prominence == 1.0
    assert by_code["JP"].prominence == pytest.approx(0.525)
    assert by_code["PE"].prominence == pytest.approx(0.3)


def test_every_country_of_the_standard_has_a_name() -> None:
    names = countries.country_names()
    assert len(names) == 250
    assert (names["KR"], names["CD"]) == ("South Korea", "Democratic Republic of the Congo")


def test_summary_that_repeats_the_text_counts_once() -> None:
    text = "Canada signed. More follows."
    assert countries.find(Document("News", text[:14], text))[0].mentions == 1


def test_hits_without_overlaps_in_linear_time() -> None:
    """A mebibyte of "US-China" and "China" in Chinese, where every word touches the next."""
    text = "中美" * 87_000 + "中国" * 87_000
    assert {country.code for country in countries.find(Document("", "", text))} == {"CN", "US"}
