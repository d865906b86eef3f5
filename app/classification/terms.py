"""The automaton: every term of the taxonomy in one structure that one pass over a text answers."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final, NamedTuple

import ahocorasick

from app.classification.folding import SEPARATOR, fold_term
from app.classification.taxonomy import Term


class Edge(IntEnum):
    """What must be true at the left or right end of a hit."""

    OPEN = 0  # anything: scripts without spaces, and `*`
    WORD = 1  # a word begins or ends here
    ARABIC = 2  # a word begins here, or before an article, conjunction or preposition that is written onto it
    HEBREW = 3


class Entry(NamedTuple):
    """One term in one group, as the automaton finds it: by the part before the first `*` inside it.

    `slot` is the group's number; `rest` matches the whole term where more follows that part.
    """

    length: int
    left: int
    right: int
    slot: int
    weight: float
    rest: re.Pattern[str] | None


# Scripts that put no spaces between words; a Latin word among them still begins and ends at them.
_UNSPACED: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip
_HANGUL: Final = (0xAC00, 0xD7A3)
_ARABIC: Final = (0x0600, 0x06FF)
_HEBREW: Final = (0x0590, 0x05FF)
_HEBREW_PREFIXES: Final = frozenset("והבלמשכ")
_ARABIC_PREFIXES: Final = frozenset(
    conjunction + rest for conjunction in ("", "و", "ف") for rest in ("", "ال", "ب", "ل", "ك", "بال", "كال", "لل", "س")
)


class Joins(dict[str, bool]):
    """Whether a character continues the word beside it: letters, digits and marks of scripts that space their words."""

    def __missing__(self, char: str) -> bool:
        marks = char.isalnum() or unicodedata.category(char) in ("Mn", "Mc")
        self[char] = joins = marks and not _within(char, *_UNSPACED, _HANGUL)
        return joins


def _within(char: str, *ranges: tuple[int, int]) -> bool:
    return any(low <= ord(char) <= high for low, high in ranges)


def build_automaton(terms: Iterable[tuple[int, Term]]) -> Any:
    """An Aho-Corasick automaton over (group's slot, term); its values are tuples of entries."""
    entries: dict[str, dict[tuple[int, object], Entry]] = defaultdict(dict)
    for slot, term in terms:
        for spelling in spellings(term.text):
            key, entry = _entry(spelling, slot, term.weight)
            known = entries[key].get((slot, entry.rest))
            if known is None or (entry.left, entry.right, -entry.weight) < (known.left, known.right, -known.weight):
                entries[key][slot, entry.rest] = entry
    automaton = ahocorasick.Automaton()
    for key, found in entries.items():
        # Plain tuples: they unpack faster than anything with a name.
        automaton.add_word(key, tuple(tuple(entry) for entry in found.values()))
    if not entries:  # an automaton that knows no word cannot be asked; this one is in every text, and means nothing
        automaton.add_word(SEPARATOR, ())
    automaton.make_automaton()
    return automaton


def spellings(text: str) -> set[str]:
    """A term folded, in the spellings that mean the same: without accents, ß as ss, the Arabic article after "to"."""
    written = {text, text.replace("ß", "ss")}
    folded = {fold_term(form) for word in written for form in (word, _unaccented(word))} - {""}
    # The Arabic article after the preposition "to" loses its alef: ل + المنتدى is written للمنتدى.
    return folded | {f"لل{form[2:]}" for form in folded if form.startswith("ال")}


def _unaccented(text: str) -> str:
    """Latin and Greek lose their accents, as headlines in capitals do; other scripts keep their marks."""
    if not any("LATIN" in unicodedata.name(char, "") or "GREEK" in unicodedata.name(char, "") for char in text):
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(char for char in parts if not unicodedata.combining(char)))


def _entry(spelling: str, slot: int, weight: float) -> tuple[str, Entry]:
    """What to look for, and what to check where it is found."""
    bare = spelling.strip("*")
    key, star, _ = bare.partition("*")
    left = Edge.WORD
    if spelling.startswith("*") or _within(key[0], *_UNSPACED):
        left = Edge.OPEN
    elif _within(key[0], _ARABIC):
        left = Edge.ARABIC
    elif _within(key[0], _HEBREW):
        left = Edge.HEBREW
    # Korean writes its particles onto the noun: a Korean term always goes on to the right.
    open_end = spelling.endswith("*") or _within(bare[-1], *_UNSPACED, _HANGUL)
    # Korean writes compounds as one word, so a long term may follow another; a short one is found in too many.
    short = left != Edge.OPEN and len(key) <= 2 and _within(key[0], _HANGUL)
    if not star and not short:
        return key, Entry(len(key), left, Edge.OPEN if open_end else Edge.WORD, slot, weight, None)
    pattern = r"[^\s.,;:!?\x1f]{0,12}".join(map(re.escape, bare.split("*"))) + ("" if open_end else r"(?!\w)")
    if short:
        pattern = "(?<![가-힣])" + pattern
    return key, Entry(len(key), left, Edge.OPEN, slot, weight, re.compile(pattern))


def begins_word(text: str, start: int, left: int, joins: Joins) -> bool:
    """Whether a term at `start`, which follows a letter, may begin there after all: behind a written-on prefix."""
    if left == Edge.WORD:
        return False
    begin = start
    while joins[text[begin - 1]] and start - begin < 5:
        begin -= 1
    prefix = text[begin:start]
    if left == Edge.ARABIC:
        return prefix in _ARABIC_PREFIXES
    return len(prefix) <= 3 and _HEBREW_PREFIXES.issuperset(prefix)
