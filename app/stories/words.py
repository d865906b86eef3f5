"""The words, names and numbers of a text, in any script, as strings that can be compared."""

import re
import unicodedata
from collections import Counter
from typing import Final

from app.classification.folding import fold
from app.stories.names import skeleton

_STEM: Final = 6  # letters of a word that count: what follows is mostly inflection
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NUMBER: Final = re.compile(r"\d{1,3}(?:[\u00a0\u202f ٬'.,]\d{3})+(?!\d)(?:[.,٫]\d+)?|\d+(?:[.,٫]\d+)*")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]{3,}")
_HANGUL: Final = re.compile("[\uac00-\ud7a3]")
_LEAST_NUMBER: Final = 10.0
_LONG: Final = 4  # consonants of a name in a script without capitals, where any word may be one
_SHORT: Final = 3
_TEN_THOUSANDS: Final = {"万": 10_000, "萬": 10_000, "만": 10_000, "亿": 10**8, "億": 10**8, "억": 10**8}


def words(text: str) -> Counter[str]:
    """Stems of spaced scripts, pairs of characters of the others; folded."""
    found: Counter[str] = Counter()
    folded = fold(text).text
    for run in _UNSPACED.findall(folded):
        found.update(_pairs(run))
    for word in _WORD.findall(_UNSPACED.sub(" ", folded)):
        if _HANGUL.match(word):
            found.update(_pairs(word))
        elif len(word) > 2:
            found[_plain(word)[:_STEM]] += 1
    return found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _plain(word: str) -> str:
    if word.isascii():
        return word
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def names(text: str, language: str | None) -> set[str]:
    """Consonant skeletons of what may be names: capitalised words, and all longer ones where there are no capitals."""
    found = {skeleton(run, None) for run in _KATAKANA.findall(text)}
    cased = not (text.isupper() or text.islower())
    for word in _WORD.findall(_UNSPACED.sub(" ", text)):
        first = word[0]
        if first.isupper() and cased:
            found.add(skeleton(word, language))
        elif not first.isupper() and not first.islower() and len(found_one := skeleton(word, language)) >= _LONG:
            found.add(found_one)
    return {name for name in found if len(name) >= _SHORT}


def numbers(text: str) -> set[str]:
    """Numbers from ten up, and decimals, whatever digits and separators they are written with."""
    found = set()
    for match in _NUMBER.finditer(text):
        value = _value(match.group())
        unit = _TEN_THOUSANDS.get(text[match.end() : match.end() + 1])
        if unit:
            value *= unit
        if value >= _LEAST_NUMBER or value % 1:
            found.add(f"{value:g}")
    return found


def _value(written: str) -> float:
    parts = re.split(r"\D", written)
    whole, rest = parts[0], parts[1:]
    while rest and len(rest[0]) == 3 and whole.lstrip("0"):
        whole += rest.pop(0)
    # What does not group by thousands is a decimal fraction; more parts than that are a date or a score.
    return float(f"{int(whole[:15])}.{rest[0][:6]}") if len(rest) == 1 else float(int(whole[:15]))
