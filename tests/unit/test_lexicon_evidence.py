"""The lexicon on hostile texts: evidence is always a span of the article, and no text takes quadratic time."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.base import Classifier, Document
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy

MIB = 1024 * 1024
# Words that fire rules, between characters that fold to more, to fewer or to other ones.
_WORDS = ["Ukraine", "Russia", "missile", "free trade agreement", "signed", "tariffs", "Davos", "World Economic Forum"]
_WORDS += [
    "Україна",
    "أوكرانيا",
    "乌克兰",
    "貿易協定",
    "uluslararası",
    "Страны",
    "trade deal",
    "ceasefire",
    "drone strike",
]
_ODD = [
    "ﬁ",
    "İ",
    "ß",
    "e\u0301",
    "\u0315\u0316",
    "ا\u064b",
    "\u1112\u1161\u11ab",
    "👨\u200d👩\u200d👧",
    "①",
    "\u00ad",
    "\u200c",
]
_ODD += ["ＴＲＡＤＥ", "ŉ", "ΐ", "\x1f", "\n", "-", "'", ".", " ", "\ud7a3", "\u0f71\u0f72", "𝕌𝕜𝕣𝕒𝕚𝕟𝕖", "ﷺ", "\u3099"]
texts = st.lists(st.sampled_from([*_WORDS, *_ODD, " ", " ", " "]) | st.text(max_size=3), max_size=40).map("".join)


@cache
def lexicon() -> Classifier:
    return build_classifier("lexicon", load_taxonomy(None))


@given(texts, texts, texts)
def test_evidence_is_what_stands_there(title: str, summary: str, text: str) -> None:
    document = Document(title, summary, text)
    [verdict] = lexicon().classify([document])
    for topic in verdict.topics:
        assert topic.threshold <= topic.score <= 1
        for evidence in topic.evidence:
            assert getattr(document, evidence.field)[evidence.start : evidence.end] == evidence.text
            assert evidence.text.strip()
        spans = [(["title", "summary", "text"].index(e.field), e.start, e.end) for e in topic.evidence]
        assert spans == sorted(spans)
        assert all(a[0] < b[0] or a[2] <= b[1] for a, b in pairwise(spans))


def test_the_property_above_sees_evidence_in_every_script() -> None:
    for word in ("Україна: ракета", "乌克兰 导弹", "أوكرانيا صاروخ", "𝕌𝕜𝕣𝕒𝕚𝕟𝕖 missile strike"):
        [verdict] = lexicon().classify([Document(word, "", word)])
        assert [topic.topic for topic in verdict.topics] == ["ukraine-war"], word
        assert all(topic.evidence for topic in verdict.topics)


FAR = "x " * 500
BOMBS = {
    "pairs that are never near: Davos": "Davos " * (MIB // 12) + FAR + "summit leaders " * (MIB // 30),
    "pairs that are never near: trade": "tariffs " * (MIB // 16) + FAR + "agreement " * (MIB // 20),
    "pairs that are never near: war": "Ukraine " * (MIB // 16) + FAR + "missile drone shelling " * (MIB // 46),
    "letters that fold to two": "ﬁ" * (MIB // 12),
    "marks out of order": "a" + ("\u0315\u0316" * 4 + "a") * (MIB // 17),
    "one word": "a" * MIB,
    "vowel points": "ا\u064b" * (MIB // 4),
    "dotted capital i": "İ" * (MIB // 2),
    "emoji sequences": "👨\u200d👩\u200d👧" * (MIB // 18),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_mebibyte_of_anything_is_classified(bomb: str) -> None:
    assert len(lexicon().classify([Document("", "", bomb)])) == 1
