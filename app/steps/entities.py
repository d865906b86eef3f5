"""Which people and organisations an article names, in any language, with their Wikidata ids."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.classification.base import Document
from app.steps.countries import longest
from app.steps.entity_list import ENTITY, WEAK_ENTITY, known_entities
from app.steps.gazetteer import Scan, scan
from app.steps.matcher import Hit

# An article that names more is a list; its event must not grow with it.
_MOST = 40


@dataclass(frozen=True, slots=True)
class EntityMention:
    """A person or an organisation by its English label; `wikidata` is None where no id is known for certain."""

    name: str
    wikidata: str | None
    mentions: int


@dataclass(frozen=True, slots=True)
class Named:
    """Those that an article names, the most mentioned first."""

    people: tuple[EntityMention, ...]
    organisations: tuple[EntityMention, ...]


def find(document: Document, scanned: Scan | None = None) -> Named:
    """The people and organisations of an article. `scanned` spares a second pass over the text.

    A short name that others share (a surname, "Shell") counts where the whole name stands in the same article or, for a
    firm, words of its sector do.
    """
    scanned = scanned or scan(document)
    known = known_entities()
    found: dict[str, list[EntityMention]] = {"P": [], "O": []}
    mentions = Counter(hit.term.label[1:] for hit in _resolved(scanned.hits))
    for name, count in sorted(mentions.items(), key=lambda item: -item[1]):
        if entity := known.get(name):  # else a trap: a name that holds an entity's
            found[entity.kind].append(EntityMention(name, entity.wikidata, count))
    return Named(tuple(found["P"][:_MOST]), tuple(found["O"][:_MOST]))


def _resolved(hits: Sequence[Hit]) -> list[Hit]:
    """Mentions in the order of the text, without overlaps."""
    whole = longest(hit for hit in hits if hit.term.label[0] == ENTITY)
    shared = [hit for hit in hits if hit.term.label[0] == WEAK_ENTITY]
    if not shared:
        return whole
    first_named = {hit.term.label[1:]: hit.start for hit in reversed(whole)}
    sectors = {hit.term.label for hit in hits if hit.term.label[0] == "#"}
    known = known_entities()
    # Of several with one surname, the one who was introduced last before it.
    best: dict[tuple[int, int], tuple[int, Hit]] = {}
    for hit in shared:
        name = hit.term.label[1:]
        if name in first_named or sectors.intersection(known[name].sectors):
            introduced = first_named.get(name, -1)
            rank = introduced if introduced <= hit.start else -1
            place = (hit.start, hit.end)
            if place not in best or best[place][0] < rank:
                best[place] = (rank, hit)
    return longest([*whole, *(hit for _, hit in best.values())])
