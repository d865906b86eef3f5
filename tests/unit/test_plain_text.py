"""HTML becomes plain text: no markup, no invisible characters, no quadratic cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps.identity import normalised
from app.steps.plain_text import plain_text

MIB = 1024 * 1024
INVISIBLE = "\x00\x07\x1b\x7f\x85\u061c\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ufffb"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("  plain \n\t text ", "plain text"),
        ("<p>Canada</p><p>Korea</p>", "Canada Korea"),
        ("one<br>two<br/>three", "one two three"),
        ("a <b>bo</b>ld <a href='x'>li</a>nk", "a bold link"),
        ("<script>alert('<b>')</script>after", "after"),
        ("<STYLE>p {}</Style>after", "after"),
        ("<svg><path d='x'/></svg>after", "after"),
        ("<script>never closed", ""),
        ("<script></scripture></script>after", "after"),
        ("<!-- a > b -->after", "after"),
        ("<!-- never closed", ""),
        ("<!DOCTYPE html><?xml version='1.0'?>after", "after"),
        ("Tom &amp; Jerry &lt;3 &#8364;&euro;", "Tom & Jerry <3 €€"),
        ("&lt;p&gt;escaped&lt;/p&gt; markup", "escaped markup"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<", "<"),
        ("a &unknown; b", "a &unknown; b"),
        ("Zero\u200bwidth", "Zerowidth"),
        ("\u202egnirts", "gnirts"),
        ("می\u200cخواهم 👨\u200d👩\u200d👧", "می\u200cخواهم 👨\u200d👩\u200d👧"),
        ("&#x202e;hidden&#8203;", "hidden"),
    ],
)
def test_reduces_to_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<<b>script>alert(1)</script>",
        "<<i></i>img src=x onerror=alert(1)>",
        "<\u200bscript>alert(1)",
        "<\x00img src=x>",
        "<&#x200b;script>alert(1)",
        "&lt;&#0;script&gt;alert(1)",
        "&lt;&lt;b&gt;script&gt;",
    ],
)
def test_no_tag_comes_together_out_of_pieces(html: str) -> None:
    assert "<script" not in plain_text(html)
    assert "<img" not in plain_text(html)


def test_letters_that_change_their_length_in_lower_case_do_not_shift_what_is_cut() -> None:
    assert plain_text("İ" * 50 + "<script>evil()</script>tail") == "İ" * 50 + " tail"


def test_numbers_of_thousands_of_digits_are_no_characters() -> None:
    assert plain_text("a &#" + "9" * 5000 + "; b") == "a b"
    assert plain_text("a &#x" + "f" * 5000 + "; b") == "a \ufffd b"


def test_no_letter_carries_more_marks_than_a_script_needs() -> None:
    assert plain_text("Z" + "\u0315\u0316" * 500 + "!") == "Z" + "\u0315\u0316" * 4 + "!"
    assert plain_text("việt nam, ก็, שָׁלוֹם, हिन्दी, نًّ") == "việt nam, ก็, שָׁלוֹם, हिन्दी, نًّ"


_PIECES = [*"<>&;/!?-#x0a b\n", "script", "&lt;", "&gt;", "&#x200b;", "<b>", "<script>", "&amp;", *INVISIBLE]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_comes_out_holds_no_markup_and_nothing_invisible(html: str) -> None:
    text = plain_text(html)
    assert not any(f"<{opener}" in text for opener in "abcxs/!?")
    assert not set(text) & set(INVISIBLE)
    assert text == " ".join(text.split())


@given(st.text())
def test_any_text_at_all_is_taken(text: str) -> None:
    assert len(plain_text(text)) <= 2 * len(text)


# Each of these takes a parser that looks back, or nests, minutes to days; here pytest's time limit is the judge.
BOMBS = {
    "less-than signs": "<" * MIB,
    "open elements": "<div>" * (MIB // 5),
    "unclosed tags": "<a " * (MIB // 3),
    "unclosed scripts": "<script>" * (MIB // 8),
    "scripts with a false end": "<script></scrip" * (MIB // 15),
    "comments": "<!--" * (MIB // 4),
    "declarations": "<!" * (MIB // 2),
    "quotes": "<a href='\"" * (MIB // 10),
    "ampersands": "&" * MIB,
    "entities": "&amp;" * (MIB // 5),
    "escaped less-than signs": "&lt;" * (MIB // 4),
    "long names of entities": ("&" + "a" * 33) * (MIB // 34),
    "digits": "&#" + "1" * MIB,
    "marks out of order": "a" + "\u0315\u0316" * (MIB // 4),
    "marks on every letter": ("a" + "\u0315\u0316" * 20) * (MIB // 81),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_mebibyte_of_anything_is_reduced_and_normalised(bomb: str) -> None:
    assert len(normalised(plain_text(bomb))) <= len(bomb)
