"""Folding: texts and terms in one comparable form, with the way back to the original code points.

Folding is Unicode NFKC and case folding, plus what keeps one spelling of a word apart from another in news: hyphens are
spaces, curly apostrophes are straight, the Turkish i's are one letter, Arabic alefs are one letter and short vowels are
nothing. Nearly every text folds character by character, and offsets stay as they are; for the rest a map leads back.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, is_normalized, normalize

SEPARATOR: Final = "\x1f"  # stands between fields; no term holds it, so no term matches across fields

# One character for one character, so that these alone never cost the fast path. str.replace gives up at once on a text
# that cannot hold the character, which makes this chain far cheaper than str.translate.
_LEVEL: Final = (
    ("\u00a0", " "), ("\n", " "), ("\t", " "), ("\u202f", " "),
    ("‐", " "), ("‑", " "), ("–", " "), ("—", " "), ("―", " "),
    ("’", "'"), ("‘", "'"), ("ʼ", "'"), ("`", "'"), ("…", "."),
    ("İ", "i"), ("ı", "i"), ("ß", "s"), ("ẞ", "s"), ("ς", "σ"), ("ё", "е"), ("Ё", "е"),
    ("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ى", "ي"), ("ی", "ي"), ("ک", "ك"), ("\u200c", " "),
)  # fmt: skip
_ASCII_LEVEL: Final = str.maketrans({"-": " ", "\n": " ", "\t": " ", "`": "'"})
_WIDE: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xFF0D: " "}
# Short vowels, tatweel and niqqud: written or not at the writer's pleasure.
_POINTS: Final = re.compile("[\u0591-\u05bd\u05bf\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc]")
_TOKEN: Final = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. `pieces` is None where offsets are the original's."""

    text: str
    pieces: "_Pieces | None" = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original offsets of `text[start:end]`, widened to whole characters of the original."""
        return (start, end) if self.pieces is None else self.pieces.span(start, end)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Runs of text: each begins at `folded[i]` there and `original[i]` here; `exact[i]`: one character for one."""

    folded: list[int]
    original: list[int]
    exact: list[bool]

    def span(self, start: int, end: int) -> tuple[int, int]:
        first = bisect_right(self.folded, start) - 1
        last = bisect_right(self.folded, end - 1) - 1
        begin = self.original[first] + (start - self.folded[first] if self.exact[first] else 0)
        if self.exact[last]:
            return begin, self.original[last] + end - self.folded[last]
        return begin, self.original[last + 1]


def fold(text: str) -> Folded:
    """Fold a text of any length and any script."""
    if text.isascii():
        return Folded(text.lower().translate(_ASCII_LEVEL))
    level = _levelled(text)
    if not is_normalized("NFKC", level):
        level = level.translate(_WIDE).replace("-", " ")
        if not is_normalized("NFKC", level):
            return _fold_by_token(level)
    if _has_points(level):
        return _fold_by_token(level)
    folded = level.casefold()
    return Folded(folded) if len(folded) == len(level) else _fold_by_token(level)


def fold_term(term: str) -> str:
    """A term in the form in which it is looked for."""
    return " ".join(fold(term).text.split())


def _levelled(text: str) -> str:
    for old, new in _LEVEL:
        text = text.replace(old, new)
    return text.replace("-", " ")


def _has_points(text: str) -> bool:
    # Only two scripts write them: a look for their commonest letters spares every other text the search.
    return ("\u0627" in text or "\u05d9" in text or "\u0644" in text) and _POINTS.search(text) is not None


def _plain(text: str) -> str:
    return _levelled(_POINTS.sub("", normalize("NFKC", normalize("NFKC", text).casefold())))


def _fold_by_token(level: str) -> Folded:
    """Fold word by word; a word that changes its length is folded cluster by cluster."""
    parts: list[str] = []
    pieces = _Pieces([], [], [])
    length = 0
    for token in _TOKEN.finditer(level):
        word = token.group()
        plain = _plain(word)
        whole = len(plain) == len(word) and is_normalized("NFKC", word)
        for at, part, exact in [(token.start(), plain, True)] if whole else _clusters(word, token.start()):
            if part:
                pieces.folded.append(length)
                pieces.original.append(at)
                pieces.exact.append(exact)
                parts.append(part)
                length += len(part)
    pieces.folded.append(length)
    pieces.original.append(len(level))
    pieces.exact.append(False)
    return Folded("".join(parts), pieces)


def _clusters(word: str, offset: int) -> list[tuple[int, str, bool]]:
    """A word as (original offset, folded text, one for one?) of a base character and the marks that follow it."""
    starts = [at for at, char in enumerate(word) if at == 0 or not _continues(char)]
    ends = [*starts[1:], len(word)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        part = _plain(word[start:end])
        found.append((offset + start, part, end - start == 1 and len(part) == 1))
    return found


def _continues(char: str) -> bool:
    """Whether normalisation may join this character to the one before it: marks, and Hangul vowels and finals."""
    return combining(char) != 0 or "\u1160" <= char <= "\u11ff" or char in "\u3099\u309a"
