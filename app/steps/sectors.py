"""Which economic sectors an article touches, in any language."""

from collections import Counter

from app.classification.base import Document
from app.steps.gazetteer import Scan, scan
from schemas.event import SECTORS as SECTORS  # noqa: PLC0414 (what `find` finds, in this order)

# One word deep in a long article is a passing mention; a second one makes it a matter of the article.
_MENTIONS_IN_BODY = 2


def find(document: Document, scanned: Scan | None = None) -> list[str]:
    """The sectors of an article, the most mentioned first. `scanned` spares a second pass over the text."""
    scanned = scanned or scan(document)
    mentions: Counter[str] = Counter()
    prominent: set[str] = set()
    # Two terms may find one word ("gas", "gas supplies"): a position counts once for a sector.
    for label, start in {(hit.term.label, hit.start) for hit in scanned.hits if hit.term.label[0] == "#"}:
        mentions[label[1:]] += 1
        if start < scanned.lead_end:
            prominent.add(label[1:])
    found = [name for name, count in mentions.items() if name in prominent or count >= _MENTIONS_IN_BODY]
    return sorted(found, key=lambda name: (-mentions[name], SECTORS.index(name)))
