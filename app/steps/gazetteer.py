"""Reads config/gazetteer: what a term file's lines mean and how a term is spelled out and inflected.

    KR = South Korea, Seoul, südkoreanisch*     what the terms stand for, terms; braces spell out: Коре{я,ї,ю}
    CN+US = 中美                                both countries
    - = New Mexico, George Washington           no country, although a country's name is inside
    @GEORGIA = Georgia, Georgian              decided by what else the article says ...
    ?GEORGIA.US = Atlanta                       ... as this does
    #autos = car maker*                         a sector
    $- = Trump Tower                            no person or organisation, although a name is inside
    ~deal.signed = conclude{s,d}                how far a deal is; ~war.strike = missile{,s}: a side of the war

`entities.tsv` has people and organisations, a line each: P or O, Wikidata id, context, English label, aliases. The
context is the country that a head of state stands for, or a firm's sector; `?` marks an alias that others share.

Marks after a term: `*` the word may go on, `^` not as the first word of a sentence, `!` only in this file's language,
`=` not without its accents, `&` not as part of a person's name.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, product
from pathlib import Path

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps.language import guess
from app.steps.matcher import UNKNOWN, Folded, Hit, Matcher, Term

_BRACES = re.compile(r"\{([^{}]*)\}")
_SEPARATOR = re.compile(r"(?<!\\),(?![^{]*\})")
_MAY_HAVE_ACCENTS = re.compile("[\u00c0-\u03ff\u1e00-\u1fff]")
_STEM_TAIL = 12
_SHORT = 6
# First characters of the labels of entities' names: whole or theirs alone, and shared with others.
ENTITY = "$"
WEAK_ENTITY = "%"
FACET = "~"
_NAMES_BEND = frozenset(("bs", "cs", "et", "fi", "hr", "hu", "lt", "lv", "pl", "ro", "sk", "sl", "sr", "tr"))
_NAME_TAIL = 4
_LAST_WORD_BENDS = {"hu", "fi", "et", "tr", "az", "bn", "kk", "ka"}
# Curated words of these count in articles of their own language, or of an unknown one: "serbest" is no Serb in Turkish.
_LATIN = {"cs", "da", "de", "es", "fi", "fr", "hu", "id", "it", "nl", "no", "pl", "pt", "ro", "sv", "sw", "tr", "vi"}
_ACCENTED_ON_PURPOSE = {"vi"}
_ARABIC_CLITICS = ("", "و", "ف", "ب", "ل", "وب", "ول")
_ARABIC_ARTICLES = ("ال", "وال", "بال", "وبال", "لل", "ولل", "فال", "كال")
_HEBREW_CLITICS = ("", "ב", "ל", "מ", "ה", "ו", "ש", "כ", "וב", "ול", "ומ", "וה", "שב", "שה")
# How a country's own name bends: endings that fall off, and how many letters may follow what is left.
_ENDINGS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("ru", "uk", "be", "bg"), ("аяйіїоы", 3)),
    "sr": ("аоијae", 3),
    **dict.fromkeys(("hr", "sl"), ("aoe", 3)),
    "pl": ("aoy", 4),
    **dict.fromkeys(("cs", "sk"), ("aoeá", 4)),
    "hu": ("ae", 6),
    "fi": ("i", 7),
    **dict.fromkeys(("et", "lv", "lt"), ("aisž", 4)),
    "el": ("ςα", 3),
    "ro": ("a", 4),
    **dict.fromkeys(("tr", "az", "bn", "kk", "ka"), ("", 5)),
    **dict.fromkeys(("de", "sv", "da", "no"), ("", 1)),
}


# A term's fields but its languages, and those: a Term is made once for all that give the same.
_Identity = tuple[str, str, int, bool, bool]
_Row = tuple[_Identity, frozenset[str]]
_ANY = frozenset[str]()


@cache
def gazetteer() -> Matcher:
    """The shipped terms of countries and sectors, read once."""
    folder = config_directory() / "gazetteer"
    sources = [_names(folder / "names.tsv"), *map(_curated, sorted(folder.glob("*.txt"))), _entity_terms()]
    merged: dict[_Identity, frozenset[str]] = {}
    for identity, languages in chain.from_iterable(sources):
        known = merged.get(identity)
        # A term that any language may use stays so, whatever another file says.
        if known is None:
            merged[identity] = languages
        elif known is not languages:
            merged[identity] = known | languages if known and languages else _ANY
    every = frozenset(line.partition("\t")[0] for line in (folder / "names.tsv").read_text("utf-8").splitlines())
    return Matcher((Term(*identity, languages) for identity, languages in merged.items()), every)


@dataclass(frozen=True, slots=True)
class Entity:
    """A person ("P") or an organisation ("O"); `sectors` are labels such as "#autos"."""

    kind: str
    wikidata: str | None
    country: str | None
    sectors: frozenset[str]
    aliases: tuple[str, ...]


@cache
def known_entities() -> Mapping[str, Entity]:
    """People and organisations by English label, read once."""
    known: dict[str, Entity] = {}
    for line in (config_directory() / "gazetteer" / "entities.tsv").read_text("utf-8").splitlines():
        kind, wikidata, context, label, aliases = line.split("\t")
        country = context if len(context) == 2 else None
        sectors = frozenset(context.split(",")) if context[0] == "#" else frozenset[str]()
        known[label] = Entity(kind, None if wikidata == "-" else wikidata, country, sectors, tuple(aliases.split("; ")))
    return known


def _entity_terms() -> Iterator[_Row]:
    """The aliases; a head of state's stand for the country too, and names in Latin script bend where names do."""
    for label, entity in known_entities().items():
        for alias in entity.aliases:
            weak = alias[0] == "?"
            for spelling in expand(alias.lstrip("?")):
                language = _language_of_script(spelling)
                yield from _marked(spelling, (WEAK_ENTITY if weak else ENTITY) + label, language)
                if entity.country and not weak:
                    yield from _marked(spelling, entity.country, language)
                if entity.kind == "P" and not weak and language == "en" and " " not in spelling and spelling.isalpha():
                    yield (spelling, ENTITY + label, _NAME_TAIL, True, False), _NAMES_BEND


def _language_of_script(spelling: str) -> str:
    """For the small words that Arabic and Hebrew write together with a name."""
    first = spelling[0]
    return "ar" if "\u0600" <= first <= "\u06ff" else "he" if "\u0590" <= first <= "\u05ff" else "en"


def _names(file: Path) -> Iterator[_Row]:
    """CLDR's names as they are and, where the language bends names, their stems.

    Stems, names without their accents and short names look like words of other languages too often: they do not count
    where the article is known to be in another language.
    """
    for line in file.read_text("utf-8").splitlines():
        language, code, name = line.split("\t")
        accents = language in _ACCENTED_ON_PURPOSE
        yield from _spellings(name, code, language, 0, accents=True, shy=len(name) <= _SHORT and language != "en")
        if not accents:
            yield from _spellings(_unaccented(name), code, language, 0, accents=True, shy=language != "en")
        strip, tail = _ENDINGS.get(language, ("", 0))
        stem = name[:-1] if name[-1] in strip else name
        if tail and len(stem) >= 4 and (" " not in name or language in _LAST_WORD_BENDS):
            yield from _spellings(stem, code, language, tail, accents=accents, shy=True)


def _curated(file: Path) -> Iterator[_Row]:
    for line in file.read_text("utf-8").splitlines():
        if not line or line.startswith("//"):
            continue
        meaning, equals, terms = line.partition(" = ")
        if not equals:
            raise ValueError(f"{file.name}: no ' = ' in {line[:60]!r}; a line is `MEANING = term, term`")
        for term in _SEPARATOR.split(terms):
            for spelling in expand(term.strip().replace("\\,", "\0")):
                yield from _marked(spelling.replace("\0", ","), meaning.strip(), file.stem.split("-")[0])


def _marked(spelling: str, meaning: str, language: str) -> Iterator[_Row]:
    plain = spelling.rstrip("*^!=&")
    marks = spelling[len(plain) :]
    yield from _spellings(
        plain,
        meaning,
        language,
        _STEM_TAIL if "*" in marks else 0,
        initial="^" not in marks,
        only="!" in marks,
        accents="=" in marks or language in _ACCENTED_ON_PURPOSE,
        shy=plain[:1] < "\u0250" and (language in _LATIN or meaning[0] == FACET),
        named="&" in marks,
    )


def _spellings(
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
) -> Iterator[_Row]:
    own = _own(language)
    languages = frozenset({language}) if only else own if shy else _ANY
    for variant in _with_clitics(name, language):
        yield (variant, meaning, tail, initial, named), languages
        plain = variant if accents else _unaccented(variant)
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


def _unaccented(name: str) -> str:
    """Latin and Greek letters without their accents; other scripts' marks are letters and stay."""
    if not _MAY_HAVE_ACCENTS.search(name):
        return name
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return plain.translate(_LIGATURES)


_LIGATURES = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "đ": "d", "Ł": "L", "Ø": "O"})


def expand(term: str) -> list[str]:
    """Spell out braces: `Коре{я,ї}` gives both words."""
    parts = _BRACES.split(term)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(choice) for choice in product(*choices)]


_LEAD_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Scan:
    """All terms found in an article; `title_end` and `lead_end` say up to which position hits lie in title and lead.

    `starts` is the position of each field's first character: title, summary, text.
    """

    hits: tuple[Hit, ...]
    title_end: int
    lead_end: int
    starts: tuple[int, int, int] = (1, 1, 1)


def scan(document: Document) -> Scan:
    """One pass over title, summary and text. A summary that only repeats the text's beginning is not read twice."""
    summary = "" if document.text.startswith(document.summary[:80].rstrip(".… ")) else document.summary
    lead = summary + document.text[: max(0, _LEAD_CHARACTERS - len(summary))]
    folded = Folded(document.title, summary, document.text)
    title_end = folded.ends[0]
    hits = gazetteer().hits(folded, document.language or guess(folded.folded))
    # What stands in a summary that only repeats the text's beginning is found there.
    starts = (1, title_end + 1, folded.ends[1] + 1) if summary else (1, folded.ends[1] + 1, folded.ends[1] + 1)
    return Scan(tuple(hits), title_end, title_end + 2 + len(lead.encode("utf-8", "replace")), starts)
