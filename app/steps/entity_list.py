"""The people and organisations that `config/gazetteer/entities.tsv` lists, and the terms that find them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from app.classification.taxonomy import config_directory
from app.steps.spelling import Row, expand, marked

# First characters of the labels of names: an entity's own, and one that others share.
ENTITY = "$"
WEAK_ENTITY = "%"
_NAMES_BEND = frozenset(("bs", "cs", "et", "fi", "hr", "hu", "lt", "lv", "pl", "ro", "sk", "sl", "sr", "tr"))
_NAME_TAIL = 4


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


def entity_terms() -> Iterator[Row]:
    """The aliases; a head of state's stand for the country too, and names in Latin script bend where names do."""
    for label, entity in known_entities().items():
        for alias in entity.aliases:
            weak = alias[0] == "?"
            for spelling in expand(alias.lstrip("?")):
                language = _language_of_script(spelling)
                yield from marked(spelling, (WEAK_ENTITY if weak else ENTITY) + label, language)
                if entity.country and not weak:
                    yield from marked(spelling, entity.country, language)
                if entity.kind == "P" and not weak and language == "en" and " " not in spelling and spelling.isalpha():
                    yield (spelling, ENTITY + label, _NAME_TAIL, True, False), _NAMES_BEND


def _language_of_script(spelling: str) -> str:
    """For the small words that Arabic and Hebrew write together with a name."""
    first = spelling[0]
    return "ar" if "\u0600" <= first <= "\u06ff" else "he" if "\u0590" <= first <= "\u05ff" else "en"
