"""How much an event matters, from 0 to 1, as a sum of parts that can be shown to a reader."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.classification.base import TopicScore
from app.steps.countries import CountryMention

_CERTAINTY, _BREADTH, _FOCUS, _REACH, _SOURCE = 0.35, 0.15, 0.2, 0.15, 0.15
_TIERS = {1: 1.0, 2: 0.6}
_UNKNOWN_TIER = 0.4
# Those in whose dealings most readers have a stake: the G20's members that are states.
_WEIGHTY = frozenset(
    ("AR", "AU", "BR", "CA", "CN", "DE", "FR", "GB", "ID", "IN", "IT", "JP", "KR", "MX", "RU", "SA", "TR", "US", "ZA")
)


@dataclass(frozen=True, slots=True)
class Importance:
    """The parts, each already weighted, three digits; they add up to `total` in [0, 1]."""

    certainty: float  # the best topic's score
    breadth: float  # a second topic, a third
    focus: float  # how prominent the leading countries are
    reach: float  # how many countries, weighty ones counting double
    source: float  # the publisher's tier

    @property
    def total(self) -> float:
        """The event's importance, three digits."""
        return round(min(1.0, self.certainty + self.breadth + self.focus + self.reach + self.source), 3)


def score(topics: Sequence[TopicScore], countries: Sequence[CountryMention], tier: int | None = None) -> float:
    """The importance of an event with its accepted topics and its countries; `tier` of the source, None unknown."""
    return components(topics, countries, tier).total


def components(
    topics: Sequence[TopicScore], countries: Sequence[CountryMention], tier: int | None = None
) -> Importance:
    """The parts of `score`."""
    accepted = [topic.score for topic in topics if topic.accepted]
    leading = [country.prominence for country in countries[:2]]
    stakes = sum(2 if country.code in _WEIGHTY else 1 for country in countries)
    return Importance(
        certainty=round(_CERTAINTY * max(accepted, default=0.0), 3),
        breadth=round(_BREADTH * min(1.0, max(0, len(accepted) - 1) / 2), 3),
        focus=round(_FOCUS * (sum(leading) / 2), 3),
        reach=round(_REACH * min(1.0, stakes / 6), 3),
        source=round(_SOURCE * (_UNKNOWN_TIER if tier is None else _TIERS.get(tier, _UNKNOWN_TIER)), 3),
    )
