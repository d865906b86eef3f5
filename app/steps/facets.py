"""How far the trade deal of an article is, and which sides of a war it speaks of, in any language."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from app.classification.base import Document, Evidence
from app.steps.countries import longest
from app.steps.gazetteer import Scan
from app.steps.matcher import Hit
from app.steps.spelling import FACET
from schemas.event import DealStage, WarFacet

FACETS: Final[tuple[WarFacet, ...]] = get_args(WarFacet)
# Of several in one place the first decides: a suspended deal was signed, and a signed one was talked over.
STAGES: Final[tuple[DealStage, ...]] = ("ended", "suspended", "in-force", "ratified", "signed", "proposed", "talks")
_UNSIGNED: Final = "unsigned"
_WEAPONS: Final = {"arms": "strike", "guns": "front"}
# Bytes around an evidence span, about three sentences.
_NEAR: Final = 400
_MENTIONS: Final = 2


def deal_stage(document: Document, scanned: Scan, evidence: Sequence[Evidence]) -> DealStage | None:
    """The stage that the title tells, else the lead, else the text near the topic's evidence; None where none does.

    "No deal", "not signed": still in talks, unless the same place says that they are over.
    """
    hits = _hits(scanned, "deal")
    title = [hit for hit in hits if hit.start < scanned.title_end]
    lead = [hit for hit in hits if scanned.title_end <= hit.start < scanned.lead_end]
    for place in (title, lead):
        if stage := _first(place):
            return stage
    return _first(_near(hits, document, scanned, evidence))


def war_facets(document: Document, scanned: Scan, evidence: Sequence[Evidence]) -> list[WarFacet]:
    """The sides that the title names, or the lead, or two words near the topic's evidence; the weightiest first."""
    hits = _hits(scanned, "war")
    near = _counted(_near(hits, document, scanned, evidence))
    title = _counted([hit for hit in hits if hit.start < scanned.title_end])
    lead = _counted([hit for hit in hits if scanned.title_end <= hit.start < scanned.lead_end])
    # Where the title names a side, one word in the lead is its background.
    enough = _MENTIONS if title else 1
    weight = {
        facet: 3 * title[facet] + 2 * lead[facet] + near[facet]
        for facet in FACETS
        if title[facet] or lead[facet] >= enough or near[facet] >= _MENTIONS
    }
    return sorted(weight, key=lambda facet: -weight[facet])


def _counted(hits: Iterable[Hit]) -> Counter[str]:
    """Mentions by facet. Missiles are a strike and guns the front, but not where they are given as aid."""
    counted = Counter(map(_value, hits))
    for weapon, facet in _WEAPONS.items():
        mentions = counted.pop(weapon, 0)
        if counted[facet] or not counted["aid"]:
            counted[facet] += mentions
    return +counted


def _hits(scanned: Scan, side: str) -> list[Hit]:
    prefix = f"{FACET}{side}."
    return longest(hit for hit in scanned.hits if hit.term.label.startswith(prefix))


def _value(hit: Hit) -> str:
    return hit.term.label.partition(".")[2]


def _first(hits: Iterable[Hit]) -> DealStage | None:
    told = {_value(hit) for hit in hits}
    over = told.intersection(("ended", "suspended"))
    if _UNSIGNED in told and not over:
        return "talks"
    return next((stage for stage in STAGES if stage in told), None)


def _near(hits: Sequence[Hit], document: Document, scanned: Scan, evidence: Sequence[Evidence]) -> list[Hit]:
    places = [_position(span, document, scanned) for span in evidence if span.field != "title"]
    return [hit for hit in hits if any(abs(hit.start - place) <= _NEAR for place in places)]


def _position(span: Evidence, document: Document, scanned: Scan) -> int:
    """Where an evidence span lies in the scanned text; off by a little where normalisation took characters away."""
    field, start = (
        (document.summary, scanned.starts[1]) if span.field == "summary" else (document.text, scanned.starts[2])
    )
    return start + len(field[: span.start].encode("utf-8", "replace"))
