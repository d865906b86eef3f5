"""Sectors of an article, and importance as a sum of parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.base import Document, TopicScore
from app.steps import importance, sectors
from app.steps.countries import CountryMention


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("Canada, South Korea sign auto and critical minerals deal", "en", {"autos", "critical-minerals"}),
        ("Halbleiter: Brüssel sichert Zugang zu seltenen Erden", "de", {"semiconductors", "critical-minerals"}),
        ("L'accord ouvre le marché des véhicules électriques", "fr", {"autos"}),
        ("Экспорт зерна через порты вырос", "ru", {"agriculture", "shipping"}),
        ("반도체와 배터리 관세 인하", "ko", {"semiconductors", "batteries"}),
        ("半导体与稀土出口管制", "zh", {"semiconductors", "critical-minerals"}),
        ("صفقة الغاز والقمح", "ar", {"energy", "agriculture"}),
        ("The king attended the concert", "en", set()),
    ],
)
def test_sectors_of_a_title(title: str, language: str, expected: set[str]) -> None:
    assert set(sectors.find(Document(title, "", "", language))) == expected


def test_one_word_deep_in_the_body_is_a_passing_mention() -> None:
    filler = "The ministers met again and said little about it. " * 12
    once = Document("Talks go on", "", f"{filler} Steel was named.", "en")
    twice = Document("Talks go on", "", f"{filler} Steel was named. Steel again.", "en")
    assert sectors.find(once) == []
    assert sectors.find(twice) == ["steel"]


def topic(score: float) -> TopicScore:
    return TopicScore("trade-deals", score, 0.5)


def test_parts_add_up_and_each_raises_the_whole() -> None:
    korea = CountryMention("KR", "South Korea", 3, 1.0)
    fiji = CountryMention("FJ", "Fiji", 1, 0.2)
    base = importance.score([topic(0.6)], [fiji])
    assert importance.score([topic(0.9)], [fiji]) > base
    assert importance.score([topic(0.6), topic(0.6)], [fiji]) > base
    assert importance.score([topic(0.6)], [korea]) > base
    assert importance.score([topic(0.6)], [fiji], tier=1) > importance.score([topic(0.6)], [fiji], tier=2) > base
    parts = importance.components([topic(0.6)], [korea, fiji], 1)
    assert parts.total == pytest.approx(
        parts.certainty + parts.breadth + parts.focus + parts.reach + parts.source, abs=0.001
    )


@given(
    st.lists(st.floats(0, 1), max_size=5),
    st.lists(st.tuples(st.sampled_from(["US", "FJ", "KR"]), st.floats(0, 1)), max_size=9),
    st.sampled_from([None, 1, 2, 7]),
)
def test_importance_stays_between_0_and_1(
    scores: list[float], named: list[tuple[str, float]], tier: int | None
) -> None:
    mentioned = [CountryMention(code, code, 1, prominence) for code, prominence in named]
    assert 0.0 <= importance.score([topic(score) for score in scores], mentioned, tier) <= 1.0
