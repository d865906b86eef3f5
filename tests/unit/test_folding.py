"""Folding: what counts as the same word, and offsets that always lead back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.folding import fold, fold_term


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Free-Trade", "free trade"),
        ("RUSSIA’S WAR", "russia's war"),
        ("RUSYA’DAN İSTANBUL’A", "rusya'dan istanbul'a"),
        ("SAVAŞI", "savaşi"),
        ("savaşı", "savaşi"),
        ("ＣＰＴＰＰ", "cptpp"),
        ("ﬁnal", "final"),
        ("cafe\u0301", "café"),
        ("اتفاقاً", "اتفاقا"),
        ("أوكرانيا", "اوكرانيا"),
        ("ΠΟΛΕΜΟΣ", "πολεμοσ"),
        ("가", "가"),
    ],
)
def test_spellings_meet(written: str, folded: str) -> None:
    assert fold_term(written) == folded


def test_offsets_lead_back_to_whole_characters() -> None:
    text = "𝐔𝐤𝐫𝐚𝐢𝐧𝐞: ½ ﬁnal cafe\u0301 war"
    folded = fold(text)
    for word, original in [("ukraine", "𝐔𝐤𝐫𝐚𝐢𝐧𝐞"), ("final", "ﬁnal"), ("café", "cafe\u0301"), ("war", "war")]:
        start = folded.text.index(word)
        begin, end = folded.span(start, start + len(word))
        assert text[begin:end] == original


@given(st.text(), st.text(), st.text())
def test_a_word_is_found_wherever_it_stands(before: str, after: str, filler: str) -> None:
    text = f"{before} ukraine {after} {filler}"
    folded = fold(text)
    start = folded.text.index(" ukraine ") + 1
    begin, end = folded.span(start, start + len("ukraine"))
    # Whatever stands before may itself fold to the word; what the offsets lead to must fold to it too.
    assert fold(text[begin:end]).text == "ukraine"


@given(st.text(min_size=1))
def test_offsets_stay_inside_and_in_order(text: str) -> None:
    folded = fold(text)
    spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= begin < end <= len(text) for begin, end in spans)
    assert spans == sorted(spans)


@given(st.text())
def test_normal_forms_fold_alike(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert fold(composed).text == fold(unicodedata.normalize("NFD", composed)).text
