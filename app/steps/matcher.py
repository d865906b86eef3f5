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
# Stands in a term's languages for an article whose language nobody knows.
UNKNOWN = ""
_ANY_CASE, _CAPITAL, _ALL_CAPITALS, _KATAKANA_WORD = range(4)

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
# Katakana words end where another script begins: "タイ" is not in "タイトル".
_KATAKANA = re.compile("[\u30a1-\u30ff]")
_KATAKANA_BYTES = ("\u30a1".encode().decode("latin-1"), "\u30ff".encode().decode("latin-1"))
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
    """Fields ready for matching: `bytes_` as written, `folded` in lower case with spaces for separators, as long."""

    def __init__(self, *fields: str) -> None:
        self.bytes_ = b" "
        lower = b" "
        ends = []
        for field in fields:
            cased, small = _two_cases(field)
            self.bytes_ += cased + b"\n"
            lower += small + b" "
            ends.append(len(lower) - 1)
        self.folded = lower.decode("latin-1")
        self.ends = tuple(ends)

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
    """An immutable set of terms in `languages`; an article in any other counts as one whose language nobody knows."""

    def __init__(self, terms: Iterable[Term], languages: frozenset[str] = frozenset()) -> None:
        by_key: dict[str, list[_Entry]] = {}
        for term in terms:
            key, tail = _key(term)
            if key.strip():
                by_key.setdefault(key, []).append((term, _rule(term.spelling), tail))
        automaton = ahocorasick.Automaton()
        for key, entries in by_key.items():
            left, right = int(key[0] == " "), int(key[-1] == " ")
            if len(entries) > 1:
                entries.sort(key=lambda entry: entry[0].label)
            automaton.add_word(key, (len(key) - 1 - left, right, tuple(entries)))
        automaton.make_automaton()
        self._automaton = automaton
        self._languages = languages

    def __len__(self) -> int:
        return len(self._automaton)

    def hits(self, text: Folded, language: str | None = None) -> list[Hit]:
        """Every term in the text, overlaps included, by end position. `language` is BCP 47 or None."""
        found: list[Hit] = []
        spoken = language.split("-")[0].lower() if language else UNKNOWN
        spoken = spoken if spoken in self._languages else UNKNOWN
        for last, (reach, right, entries) in self._automaton.iter(text.folded):
            start, end = last - reach, last + 1 - right
            label = ""
            for term, rule, tail in entries:
                if term.label != label and _holds(text, start, end, term, rule, tail, spoken):
                    found.append(Hit(start, end, term))
                    label = term.label
        return found


def _holds(text: Folded, start: int, end: int, term: Term, rule: int, tail: int, spoken: str) -> bool:
    """Whether the term's conditions hold at this place; the cheap ones first."""
    if term.languages and spoken not in term.languages:
        return False
    if tail and text.folded.find(" ", end, end + tail + 1) < 0:
        return False
    if rule and not _looks_like(text, start, end, rule):
        return False
    if not term.initial and text.opens_sentence(start):
        return False
    return not (term.personal and text.in_name(start, end))


def _looks_like(text: Folded, start: int, end: int, rule: int) -> bool:
    if rule == _KATAKANA_WORD:
        return not (_is_katakana(text.folded[end : end + 3]) or _is_katakana(text.folded[max(0, start - 3) : start]))
    if rule == _CAPITAL:
        return text.capitalised(start) or not text.has_case
    return text.upper(start, end)


def _is_katakana(character: str) -> bool:
    return _KATAKANA_BYTES[0] <= character <= _KATAKANA_BYTES[1]


def _rule(spelling: str) -> int:
    if _KATAKANA.match(spelling) and _KATAKANA.match(spelling[-1]):
        return _KATAKANA_WORD
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
    for written, plain in _ARABIC_TWINS:
        text = text.replace(written, plain)
    if "\u0627" in text or "\u0644" in text or "\u064a" in text:
        text = _ARABIC_MARKS.sub("", text)
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
