"""Spells terms out: braces, small words written onto others, letters without accents, languages a term counts in."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product

from app.steps.matcher import UNKNOWN

# First character of the labels of a deal's stages and a war's sides.
FACET = "~"
# A term's fields but its languages, and those: a Term is made once for all that give the same.
Identity = tuple[str, str, int, bool, bool]
Row = tuple[Identity, frozenset[str]]
ANY = frozenset[str]()

_BRACES = re.compile(r"\{([^{}]*)\}")
_MAY_HAVE_ACCENTS = re.compile("[\u00c0-\u03ff\u1e00-\u1fff]")
_STEM_TAIL = 12
# Curated words of these count in articles of their own language, or of an unknown one: "serbest" is no Serb in Turkish.
_LATIN = {"cs", "da", "de", "es", "fi", "fr", "hu", "id", "it", "nl", "no", "pl", "pt", "ro", "sv", "sw", "tr", "vi"}
ACCENTED_ON_PURPOSE = {"vi"}
_ARABIC_CLITICS = ("", "و", "ف", "ب", "ل", "وب", "ول")
_ARABIC_ARTICLES = ("ال", "وال", "بال", "وبال", "لل", "ولل", "فال", "كال")
_HEBREW_CLITICS = ("", "ב", "ל", "מ", "ה", "ו", "ש", "כ", "וב", "ול", "ומ", "וה", "שב", "שה")
_LIGATURES = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "đ": "d", "Ł": "L", "Ø": "O"})


def expand(term: str) -> list[str]:
    """Spell out braces: `Коре{я,ї}` gives both words."""
    parts = _BRACES.split(term)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(choice) for choice in product(*choices)]


def marked(spelling: str, meaning: str, language: str) -> Iterator[Row]:
    """The rows of a term as a file writes it, marks at its end and all."""
    plain = spelling.rstrip("*^!=&")
    marks = spelling[len(plain) :]
    yield from spellings(
        plain,
        meaning,
        language,
        _STEM_TAIL if "*" in marks else 0,
        initial="^" not in marks,
        only="!" in marks,
        accents="=" in marks or language in ACCENTED_ON_PURPOSE,
        shy=plain[:1] < "\u0250" and (language in _LATIN or meaning[0] == FACET),
        named="&" in marks,
    )


def spellings(
    name: str,
    meaning: str,
    language: str,
    tail: int,
    *,
    initial: bool = True,
    only: bool = False,
    accents: bool = False,
    named: bool = False,
    shy: bool = False,
) -> Iterator[Row]:
    """The rows of a name: with the small words its language writes onto it, and without accents unless `accents`.

    `shy` names count in articles of their own language or an unknown one, `only` ones in their own.
    """
    own = _own(language)
    languages = frozenset({language}) if only else own if shy else ANY
    for variant in _with_clitics(name, language):
        yield (variant, meaning, tail, initial, named), languages
        plain = variant if accents else unaccented(variant)
        if plain != variant:
            # Without accents a word looks like another language's too often: "român" like "roman".
            yield (plain, meaning, tail, initial, named), languages or (own if language != "en" else languages)


@cache
def _own(language: str) -> frozenset[str]:
    return frozenset({language, UNKNOWN})


def _with_clitics(name: str, language: str) -> list[str]:
    if language == "ar":
        if name.startswith("ال"):
            return [name, *(article + name[2:] for article in _ARABIC_ARTICLES)]
        return [clitic + name for clitic in _ARABIC_CLITICS] if len(name) > 2 else [name]
    if language == "he" and len(name) > 2:
        return [clitic + name for clitic in _HEBREW_CLITICS]
    return [name]


def unaccented(name: str) -> str:
    """Latin and Greek letters without their accents; other scripts' marks are letters and stay."""
    if not _MAY_HAVE_ACCENTS.search(name):
        return name
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return plain.translate(_LIGATURES)
