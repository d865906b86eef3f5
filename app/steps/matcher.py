"""Finds many multilingual terms in one Aho-Corasick pass, with word boundaries where the script has them.

Text is folded to lower-case UTF-8 in which every separator is spaces, byte for byte as long as the original, so a hit's
position also finds the original spelling: "US" is a country, "us" is not. Working on bytes keeps the automaton's nodes
narrow; a node per character would have thousands of children for the Chinese script alone.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import ahocorasick

# Bytes; longer than whatever follows a Korean noun before the next space.
ANY_TAIL = 64
# After a country's name these do not make it a person's.
_OFFICES = frozenset(b"President Prime King Queen Foreign Finance Defence Trade Army Government Parliament and".split())
_ANY_CASE, _CAPITAL, _ALL_CAPITALS = range(3)

_LOWER = bytes(ord(chr(b).lower()) if b < 128 and chr(b).isalnum() else 32 if b < 128 else b for b in range(256))
_TYPOGRAPHIC = (("\u2019", "'"), ("\u02bc", "'"), ("\u00b7", "-"), ("\u30fb", "-"), ("\u2011", "-"), ("\u2013", "-"))
_SPACED = (("\u00a0", " "), ("\u202f", " "), ("\u200c", " "), ("İ", "I"))
_SEPARATORS_2 = re.compile(rb"\xc2[\x80-\xbf]|\xd8[\x8c\x9b\x9f]")
_SEPARATORS_3 = re.compile(
    rb"\xe2[\x80\x81\x84\x86-\x9f][\x80-\xbf]|\xe3\x80[\x80-\xbf]|\xe0\xa5[\xa4\xa5]"
    rb"|\xef\xbc[\x81-\x8f\x9a-\xa0]|\xef\xbd[\x9b-\xa5]"
)
_ARABIC_MARKS = re.compile("[\u0640\u064b-\u0652\u0670]")
# Spellings that writers mix: alef with and without hamza, Arabic and Persian yeh and kaf.
_ARABIC_TWINS = (("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ی", "ي"), ("ى", "ي"), ("ک", "ك"))
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True)
class Term:
    """One spelling and what it stands for; `label` is opaque here.

    An upper-case first letter must be upper case in the text too, all upper case wholly so. `tail` is how many more
    letters the word may have (0: none). `initial` False: not as the first word of a sentence, where any word has a
    capital. `personal`: also a person's name, so not beside another capitalised word. `languages` empty: any language.
    """

    spelling: str
    label: str
    tail: int = 0
    initial: bool = True
    personal: bool = False
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found at bytes [start, end) of the folded text."""

    start: int
    end: int
    term: Term


_Entry = tuple[Term, int, int]


class Folded:
    """A text ready for matching: `bytes_` as written, `folded` in lower case with spaces for separators, as long."""

    def __init__(self, text: str) -> None:
        cased, lower = _two_cases(text)
        self.bytes_ = b" " + cased + b" "
        self.folded = (b" " + lower + b" ").decode("latin-1")

    @cached_property
    def has_case(self) -> bool:
        """Whether the text uses capitals and small letters at all, so that a capital means something."""
        letters = self.bytes_.decode("utf-8", "replace")
        return not (letters.islower() or letters.isupper())

    def capitalised(self, at: int) -> bool:
        """Whether the character at byte `at` is upper case."""
        first = self.bytes_[at]
        if first < 128:
            return 65 <= first <= 90
        return self.bytes_[at : at + 4].decode("utf-8", "ignore")[:1].isupper()

    def upper(self, start: int, end: int) -> bool:
        """Whether all letters in bytes [start, end) are upper case."""
        return self.bytes_[start:end].decode("utf-8", "ignore").isupper()

    def opens_sentence(self, at: int) -> bool:
        """Whether the word at byte `at` is the first of its sentence."""
        before = self.bytes_[max(0, at - 8) : at].rstrip(b" \"'(")
        return not before or before[-1:] in b".!?:\n\x94\x9c\xab-" or at <= 1

    def in_name(self, start: int, end: int) -> bool:
        """Whether the word at bytes [start, end) stands beside another capitalised word, as in "Jordan Peele"."""
        if self.bytes_[end : end + 1] == b" " and self.capitalised(end + 1):
            return self.bytes_[end + 1 : end + 20].split(b" ")[0] not in _OFFICES
        before = self.bytes_.rfind(b" ", 0, max(0, start - 1)) + 1
        return (
            self.bytes_[start - 1 : start] == b" "
            and before < start - 1
            and self.bytes_[start - 2 : start - 1].isalpha()
            and self.capitalised(before)
            and not self.opens_sentence(before)
        )


class Matcher:
    """An immutable set of terms; building costs some 0.2 s for 50,000 terms, matching runs at memory speed."""

    def __init__(self, terms: Iterable[Term]) -> None:
        by_key: dict[str, dict[Term, _Entry]] = {}
        for term in terms:
            key, tail = _key(term)
            if key.strip():
                by_key.setdefault(key, {})[term] = (term, _case_rule(term.spelling), tail)
        automaton = ahocorasick.Automaton()
        for key, entries in sorted(by_key.items()):
            left, right = int(key[0] == " "), int(key[-1] == " ")
            automaton.add_word(key, (len(key) - 1 - left, right, tuple(entries.values())))
        automaton.make_automaton()
        self._automaton = automaton

    def __len__(self) -> int:
        return len(self._automaton)

    def hits(self, text: Folded, language: str | None = None) -> list[Hit]:
        """Every term in the text, overlaps included, by end position. `language` is BCP 47 or None."""
        found: list[Hit] = []
        spoken = language.split("-")[0].lower() if language else None
        folded = text.folded
        for last, (reach, right, entries) in self._automaton.iter(folded):
            start, end = last - reach, last + 1 - right
            for term, rule, tail in entries:
                if tail and folded.find(" ", end, end + tail + 1) < 0:
                    continue
                if rule and not _cased_as(text, start, end, rule):
                    continue
                if term.languages and spoken not in term.languages:
                    continue
                if not term.initial and text.opens_sentence(start):
                    continue
                if term.personal and text.in_name(start, end):
                    continue
                found.append(Hit(start, end, term))
        return found


def _cased_as(text: Folded, start: int, end: int, rule: int) -> bool:
    if rule == _CAPITAL:
        return text.capitalised(start) or not text.has_case
    return text.upper(start, end)


def _case_rule(spelling: str) -> int:
    if not spelling[:1].isupper():
        return _ANY_CASE
    return _ALL_CAPITALS if spelling.isupper() and len(spelling) > 1 else _CAPITAL


def _key(term: Term) -> tuple[str, int]:
    """The automaton's key and the tail in bytes; a space marks each end where a word must begin or end."""
    folded = _two_cases(term.spelling)[1].strip()
    first, last = term.spelling.strip()[:1], term.spelling.strip()[-1:]
    tail = 0
    if not _UNSPACED.match(last):
        tail = ANY_TAIL if _HANGUL.match(last) else term.tail * len(last.encode())
    left = b"" if _UNSPACED.match(first) else b" "
    right = b"" if tail or _UNSPACED.match(last) else b" "
    return (left + folded + right).decode("latin-1"), tail


def _two_cases(text: str) -> tuple[bytes, bytes]:
    """The text as written and its folded form, in UTF-8 and equally long."""
    if text.isascii():
        cased = text.encode()
        return cased, cased.translate(_LOWER)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    for written, plain in (*_TYPOGRAPHIC, *_SPACED):
        text = text.replace(written, plain)
    if "ا" in text or "ی" in text:
        text = _ARABIC_MARKS.sub("", text)
        for written, plain in _ARABIC_TWINS:
            text = text.replace(written, plain)
    cased = text.encode("utf-8", "replace")
    lower = text.lower().encode("utf-8", "replace")
    if len(lower) != len(cased):
        lower = "".join(map(_lower_alike, text)).encode("utf-8", "replace")
    lower = _SEPARATORS_3.sub(b"   ", _SEPARATORS_2.sub(b"  ", lower.translate(_LOWER)))
    return cased, lower


def _lower_alike(character: str) -> str:
    """Lower case where it is as long in UTF-8, else the character itself."""
    lower = character.lower()
    return lower if len(lower.encode("utf-8", "replace")) == len(character.encode("utf-8", "replace")) else character
