"""What an article is about, in words that every language has: ports, grain, prisoners, ratification."""

from collections.abc import Iterator
from functools import cache

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps.gazetteer import expand
from app.steps.language import guess
from app.steps.matcher import UNKNOWN, Folded, Matcher, Term

_STEM_TAIL = 12
# Articles, conjunctions and prepositions that are written onto a word.
_PREFIXES = {"ar": ("", "ال", "وال", "بال", "لل", "و", "ب", "ل"), "he": ("", "ה", "ב", "ל", "מ", "ו", "ש", "וה", "שה")}


def find(document: Document) -> dict[str, float]:
    """Concepts in title and summary; 1 where the title has one, 0.7 elsewhere."""
    folded = Folded(document.title, document.summary)
    found: dict[str, float] = {}
    for hit in load().hits(folded, document.language or guess(folded.folded)):
        weight = 1.0 if hit.start < folded.ends[0] else 0.7
        found[hit.term.label] = max(found.get(hit.term.label, 0.0), weight)
    return found


@cache
def load() -> Matcher:
    """The shipped concepts, read once."""
    file = config_directory() / "stories" / "concepts.txt"
    found: list[Term] = []
    languages: set[str] = set()
    for line in file.read_text("utf-8").splitlines():
        if not line or line.startswith("//"):
            continue
        concept, *groups = line.split(" | ")
        for group in groups:
            language, _, terms = group.partition(": ")
            languages.add(language)
            found += [term for written in terms.split(", ") for term in _terms(written.strip(), concept, language)]
    return Matcher(found, frozenset(languages))


def _terms(written: str, concept: str, language: str) -> Iterator[Term]:
    plain = written.rstrip("*")
    tail = _STEM_TAIL if written.endswith("*") else 0
    only = frozenset({language, UNKNOWN}) if plain < "\u0250" else frozenset[str]()  # it may be another's word, too
    for spelling in expand(plain):
        for prefix in _PREFIXES.get(language, ("",)):
            yield Term(prefix + spelling, concept, tail, languages=only)
