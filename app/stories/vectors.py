"""An article's features, each weighted by how rare it is."""

import math
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple, Protocol

from app.classification.base import Document
from app.classification.taxonomy import config_directory
from app.steps.story_input import Item
from app.stories import concepts
from app.stories.article import Kind, Vector
from app.stories.words import names, numbers, words

BACKGROUND_FILE: Final = "background.txt"
_SCALE: Final = 16.0  # weights are whole numbers, so that sums are the same in any order
_MOST: Final = {Kind.WORD: 48, Kind.NAME: 24}  # heaviest that are kept
_TITLE: Final = 1.5

Terms = dict[Kind, dict[int, float]]


class Rarity(Protocol):
    """How many texts there are, and how many hold a feature."""

    def texts(self) -> int:
        """All texts."""
        ...

    def holding(self, feature: int) -> int:
        """Those that hold it."""
        ...


class Frequencies(NamedTuple):
    """Frequencies in a fixed set of texts."""

    all: int
    of: Mapping[int, int]

    def texts(self) -> int:
        """All texts."""
        return self.all

    def holding(self, feature: int) -> int:
        """Those that hold it."""
        return self.of.get(feature, 0)


def hashed(kind: Kind, name: str) -> int:
    """32 bits: two features in a thousand million pairs share one."""
    return zlib.crc32(f"{kind.value}{name}".encode())


def terms(item: Item) -> Terms:
    """Every feature of an article with its weight before rarity, about 1."""
    title, summary, language = item["title"], item["summary"], item["language"]
    language = language.partition("-")[0].lower() if language else None
    text = f"{title}\n{summary}"
    head, body = words(title), words(summary)
    stems = {word: (_TITLE if word in head else 1.0) + 0.3 * math.log(head[word] + body[word]) for word in head | body}
    called = names(text, language)
    known = [*item["people"], *item["organisations"]]
    meant = concepts.find(Document(title, summary, "", language))
    about = {**dict.fromkeys(item["sectors"], 0.5), **dict.fromkeys(item.get("war_facets") or (), 0.7), **meant}
    if stage := item.get("deal_stage"):
        about[f"stage {stage}"] = 1.0
    named: dict[Kind, Mapping[str, float]] = {
        Kind.WORD: stems,
        Kind.NAME: dict.fromkeys(called, 1.0),
        Kind.NUMBER: dict.fromkeys(numbers(text), 1.0),
        Kind.PLACE: {country["code"]: 0.4 + 0.6 * country["prominence"] for country in item["countries"]},
        Kind.WHO: {entity["wikidata"] or entity["name"].casefold(): 1.0 for entity in known},
        Kind.WHAT: about,
        Kind.TOPIC: dict.fromkeys(item["topics"], 1.0),
    }
    return {kind: {hashed(kind, name): weight for name, weight in of.items()} for kind, of in named.items()}


@cache
def background() -> Frequencies:
    """Frequencies in the texts that geonews was made with: what is common where no article has come yet."""
    count, *rows = (config_directory() / "stories" / BACKGROUND_FILE).read_text("ascii").splitlines()
    of: dict[int, int] = {}
    for row in rows:
        held, _, features = row.partition(" ")
        of.update(dict.fromkeys((int(feature, 36) for feature in features.split(",")), int(held)))
    return Frequencies(int(count), of)


def weighted(found: Terms, rarities: Iterable[Rarity]) -> Vector:
    """The vector: features times their rarity in all these texts together, in sixteenths, the heaviest of each kind."""
    rarities = tuple(rarities)
    texts = sum(rarity.texts() for rarity in rarities)

    def weight(feature: int, before: float) -> int:
        held = sum(rarity.holding(feature) for rarity in rarities)
        return max(1, min(255, round(_SCALE * before * math.log((texts + 2) / (held + 1)))))

    vector = []
    for kind in Kind:
        of = {feature: weight(feature, before) for feature, before in found[kind].items()}
        most = _MOST.get(kind)
        if most is not None and len(of) > most:
            of = dict(sorted(of.items(), key=lambda one: (-one[1], one[0]))[:most])
        vector.append(of)
    return tuple(vector)
