"""Terms in folded text: boundaries, case, tails, languages, and texts of every kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps.gazetteer import expand, gazetteer
from app.steps.language import guess
from app.steps.matcher import Folded, Matcher, Term


def found(matcher: Matcher, text: str, language: str | None = None) -> list[str]:
    return [hit.term.label for hit in matcher.hits(Folded(text), language)]


@pytest.mark.parametrize(
    ("term", "text", "hit"),
    [
        (Term("Oman", "x"), "A woman, a Roman", False),
        (Term("Oman", "x"), "(Oman)", True),
        (Term("Oman", "x"), "A dress in oman style", False),
        (Term("US", "x"), "Us and them", False),
        (Term("US", "x"), "the US-led talks", True),
        (Term("U.S.", "x"), "the U.S.'s view", True),
        (Term("канадськ", "x", 12), "Канадською мовою", True),
        (Term("канадськ", "x"), "канадською", False),
        (Term("Канад", "x", 2), "Канада", True),
        (Term("Канад", "x", 2), "Канадщина", False),
        (Term("韩国", "x"), "与韩国签署", True),
        (Term("タイ", "x"), "新しいタイトル", False),
        (Term("タイ", "x"), "日本とタイが合意", True),
        (Term("미국", "x"), "미국에서", True),
        (Term("미국", "x"), "한미국방", False),
        (Term("Côte d'Ivoire", "x"), "la Côte d’Ivoire", True),
        (Term("أمريكا", "x"), "أَمْريكا", True),
        (Term("Того", "x", 0, False), "Он уехал. Того же дня", False),
        (Term("Того", "x", 0, False), "послы Бенина и Того", True),
        (Term("Jordan", "x", 0, True, True), "when Jordan Smith scored", False),
        (Term("Jordan", "x", 0, True, True), "talks in Jordan resumed", True),
    ],
)
def test_where_a_term_counts(term: Term, text: str, hit: bool) -> None:
    assert bool(found(Matcher([term]), text)) is hit


def test_language_of_the_article_decides_on_words_that_others_use_otherwise() -> None:
    german_or_unknown, english = frozenset({"de", ""}), frozenset({"en"})
    terms = [Term("Island", "IS", languages=german_or_unknown), Term("Isle", "x", languages=english)]
    matcher = Matcher(terms, frozenset({"de", "en"}))
    assert found(matcher, "Island", "de-AT") == ["IS"]
    assert found(matcher, "Island", "en") == []
    assert found(matcher, "Island", None) == ["IS"]
    assert found(matcher, "Island", "xx") == ["IS"]
    assert found(matcher, "Isle", None) == []


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_folded_text_is_as_long_as_the_original(fields: list[str]) -> None:
    folded = Folded(*fields)
    assert len(folded.folded) == len(folded.bytes_)
    assert len(folded.ends) == len(fields)


@given(st.text(alphabet="İıßẞſK\u0301\u0300é\u2019‑ǅΣςAa ١ี한글.\ud800"))
def test_odd_characters_keep_the_length_and_break_nothing(text: str) -> None:
    folded = Folded(text)
    assert len(folded.folded) == len(folded.bytes_)
    gazetteer().hits(folded)


def test_braces_spell_out() -> None:
    assert expand("Південн{а,ої} Коре{я,ї}") == [
        "Південна Корея",
        "Південна Кореї",
        "Південної Корея",
        "Південної Кореї",
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The minister said that the talks will go on in the capital", "en"),
        ("Der Minister hat mit den Partnern über die Zölle gesprochen und ist zufrieden", "de"),
        ("Ministrul a declarat că negocierile pentru acord au fost reluate și continuă din mai", "ro"),
        ("1234", None),
        ("Київ", None),
    ],
)
def test_guess(text: str, language: str | None) -> None:
    assert guess(Folded(text).folded) == language
