"""Which countries an article speaks of, in any language, and how much."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps.gazetteer import Scan, scan
from app.steps.matcher import Hit

_NOWHERE = "-"
_TITLE, _LEAD, _BODY = 1.0, 0.7, 0.4
# Where nothing in the article decides.
_USUALLY = {"KOREA": "KR", "CONGO": "CD", "GEORGIA": "GE", "JORDAN": "JO", "CHAD": "TD", "TURKEY": "TR"}
# Everyday words unless something decides: let's go, arrogance, to bloom, torrents, a bag, sons.
_USUALLY |= dict.fromkeys(("GAZA", "OMAN", "FIJI", "SEOUL", "KYIV", "BENIN"), _NOWHERE)


@dataclass(frozen=True, slots=True)
class CountryMention:
    """A country of ISO 3166-1 by alpha-2 code and English short name.

    `prominence` in (0, 1]: 1, 0.7 or 0.4 for the best place (title, lead, body), times 0.5 to 1 for its share of the
    most mentioned country's mentions.
    """

    code: str
    name: str
    mentions: int
    prominence: float


def find(document: Document, scanned: Scan | None = None) -> list[CountryMention]:
    """The countries of an article, the most prominent first. `scanned` spares a second pass over the text."""
    scanned = scanned or scan(document)
    mentions: Counter[str] = Counter()
    place: dict[str, float] = {}
    for code, at in _resolved(scanned):
        mentions[code] += 1
        where = _TITLE if at < scanned.title_end else _LEAD if at < scanned.lead_end else _BODY
        place[code] = max(place.get(code, 0.0), where)
    most = max(mentions.values(), default=1)
    found = [
        CountryMention(code, country_names()[code], n, round(place[code] * (0.5 + 0.5 * n / most), 3))
        for code, n in mentions.items()
    ]
    return sorted(found, key=lambda country: (-country.prominence, -country.mentions, country.code))


@cache
def country_names() -> dict[str, str]:
    """English short names by code."""
    rows = (config_directory() / "gazetteer" / "countries.tsv").read_text("utf-8").splitlines()
    return dict(row.split("\t") for row in rows)


def _resolved(scanned: Scan) -> list[tuple[str, int]]:
    """(code, position) of each mention: overlaps resolved, ambiguous names decided by the whole article."""
    cues: dict[str, Counter[str]] = {}
    names: list[Hit] = []
    for hit in scanned.hits:
        label = hit.term.label
        if label[0] == "?":
            group, _, option = label[1:].partition(".")
            cues.setdefault(group, Counter())[option] += 1
        elif label[0] not in "#$%~":
            names.append(hit)
    found: list[tuple[str, int]] = []
    for hit in longest(names):
        label = hit.term.label
        codes = [_decide(label[1:], cues)] if label[0] == "@" else label.split("+")
        found += [(code, hit.start) for code in codes if code != _NOWHERE]
    return found


def _decide(group: str, cues: dict[str, Counter[str]]) -> str:
    votes = cues.get(group)
    return votes.most_common(1)[0][0] if votes else _USUALLY[group]


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Hits without overlaps, by position: whole names before abbreviations of two countries, then leftmost, longest."""
    chosen: list[Hit] = []
    single = [hit for hit in hits if "+" not in hit.term.label]
    pairs = [hit for hit in hits if "+" in hit.term.label]
    for group in (single, pairs):
        taken = tuple(chosen)
        reached = -1
        for hit in sorted(group, key=lambda hit: (hit.start, -hit.end, hit.term.label)):
            if hit.start >= reached and not _overlaps(hit, taken):
                chosen.append(hit)
                reached = hit.end
    return sorted(chosen, key=lambda hit: hit.start)


def _overlaps(hit: Hit, taken: Sequence[Hit]) -> bool:
    """Whether `hit` touches any of `taken`, which lie in order without overlaps: only the last before its end can."""
    before = bisect_left(taken, hit.end, key=lambda other: other.start)
    return before > 0 and hit.start < taken[before - 1].end
