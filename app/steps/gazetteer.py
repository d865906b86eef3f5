"""Finds all terms of config/gazetteer in an article in one pass, and says what a term file's lines mean.

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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps.entity_list import entity_terms
from app.steps.language import guess
from app.steps.matcher import Folded, Hit, Matcher, Term
from app.steps.spelling import ACCENTED_ON_PURPOSE, ANY, Identity, Row, marked, spellings, unaccented
from app.steps.spelling import expand as expand  # noqa: PLC0414 (others spell their own terms out)

_SEPARATOR = re.compile(r"(?<!\\),(?![^{]*\})")
_SHORT = 6
_LEAD_CHARACTERS = 300
_LAST_WORD_BENDS = {"hu", "fi", "et", "tr", "az", "bn", "kk", "ka"}
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


@cache
def gazetteer() -> Matcher:
    """The shipped terms, read once."""
    folder = config_directory() / "gazetteer"
    sources = [_names(folder / "names.tsv"), *map(_curated, sorted(folder.glob("*.txt"))), entity_terms()]
    merged: dict[Identity, frozenset[str]] = {}
    for identity, languages in chain.from_iterable(sources):
        known = merged.get(identity)
        # A term that any language may use stays so, whatever another file says.
        if known is None:
            merged[identity] = languages
        elif known is not languages:
            merged[identity] = known | languages if known and languages else ANY
    every = frozenset(line.partition("\t")[0] for line in (folder / "names.tsv").read_text("utf-8").splitlines())
    return Matcher((Term(*identity, languages) for identity, languages in merged.items()), every)


def _names(file: Path) -> Iterator[Row]:
    """CLDR's names as they are and, where the language bends names, their stems.

    Stems, names without their accents and short names look like words of other languages too often: they do not count
    where the article is known to be in another language.
    """
    for line in file.read_text("utf-8").splitlines():
        language, code, name = line.split("\t")
        accents = language in ACCENTED_ON_PURPOSE
        yield from spellings(name, code, language, 0, accents=True, shy=len(name) <= _SHORT and language != "en")
        if not accents:
            yield from spellings(unaccented(name), code, language, 0, accents=True, shy=language != "en")
        strip, tail = _ENDINGS.get(language, ("", 0))
        stem = name[:-1] if name[-1] in strip else name
        if tail and len(stem) >= 4 and (" " not in name or language in _LAST_WORD_BENDS):
            yield from spellings(stem, code, language, tail, accents=accents, shy=True)


def _curated(file: Path) -> Iterator[Row]:
    for line in file.read_text("utf-8").splitlines():
        if not line or line.startswith("//"):
            continue
        meaning, equals, terms = line.partition(" = ")
        if not equals:
            raise ValueError(f"{file.name}: no ' = ' in {line[:60]!r}; a line is `MEANING = term, term`")
        for term in _SEPARATOR.split(terms):
            for spelling in expand(term.strip().replace("\\,", "\0")):
                yield from marked(spelling.replace("\0", ","), meaning.strip(), file.stem.split("-")[0])


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
