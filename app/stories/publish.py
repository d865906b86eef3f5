"""A story as `schemas.story.Story` describes it, from its articles."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from app.steps.enrich import rfc3339
from app.stories.article import Article, Kind
from app.stories.held import Story
from schemas.story import MAX_STORY_ARTICLES

_CENTRAL: Final = 50  # articles among which the most central one is looked for
_MOST_ENTITIES: Final = 10
_SECTOR_SHARE: Final = 0.25  # of a story's articles that must touch a sector


def as_json(story: Story, now: datetime) -> dict[str, Any]:
    """The story as it stands, ready for JSON; `now` is in UTC."""
    members = list(story.members.values())
    newest = sorted(members, key=lambda one: (-one.at_ms, -one.seq))[:MAX_STORY_ARTICLES]
    central = _central(members)
    first, last = story.times if members else (story.active_ms, story.active_ms)
    facts = [one.facts for one in members]
    return {
        "id": story.id,
        "version": story.version,
        "status": "merged" if story.merged_into else "active",
        "merged_into": story.merged_into,
        "split_from": story.split_from,
        "title": central.shown["title"] if central else "",
        "language": central.language if central else None,
        "topics": _frequent(topic for one in facts for topic in one["topics"]),
        "countries": _countries(facts),
        "people": _entities(one["people"] for one in facts),
        "organisations": _entities(one["organisations"] for one in facts),
        "sectors": _sectors(facts),
        "importance": max((one["importance"] for one in facts), default=0.0),
        "article_count": len(members),
        "articles": [one.shown for one in newest],
        "corroboration": len({one.shown["family"] for one in members}),
        "languages": _frequent(one.language for one in members if one.language),
        "first_seen": rfc3339(_moment(first)),
        "last_seen": rfc3339(_moment(last)),
        "at": rfc3339(now),
    }


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _central(members: list[Article]) -> Article | None:
    """The article that shares most with all the others; the first of several."""
    looked_at = members if len(members) <= _CENTRAL else [*members[: _CENTRAL // 2], *members[-_CENTRAL // 2 :]]
    together: Counter[int] = Counter()
    for one in looked_at:
        for kind in (Kind.WORD, Kind.NAME, Kind.PLACE, Kind.WHO, Kind.WHAT):
            together.update(dict.fromkeys(one.vector[kind], 1))

    def centrality(one: Article) -> float:
        weights = [(together[f] - 1) * w for kind in one.vector[: Kind.TOPIC] for f, w in kind.items()]
        return sum(weights) / (1 + sum(w for kind in one.vector[: Kind.TOPIC] for w in kind.values()))

    return max(looked_at, key=lambda one: (centrality(one), -one.seq), default=None)


def _frequent(names: Iterable[str]) -> list[str]:
    counts = Counter(names)
    return sorted(counts, key=lambda name: (-counts[name], name))


def _countries(facts: list[dict[str, Any]]) -> list[str]:
    weights: Counter[str] = Counter()
    for one in facts:
        weights.update(one["countries"])
    return sorted(weights, key=lambda code: (-round(weights[code], 6), code))


def _entities(found: Iterable[list[list[Any]]]) -> list[dict[str, Any]]:
    mentions: Counter[tuple[str, str | None]] = Counter()
    for entities in found:
        for name, wikidata, count in entities:
            mentions[name, wikidata] += count
    best = sorted(mentions.items(), key=lambda one: (-one[1], one[0][0]))[:_MOST_ENTITIES]
    return [{"name": name, "wikidata": wikidata, "mentions": count} for (name, wikidata), count in best]


def _sectors(facts: list[dict[str, Any]]) -> list[str]:
    counts = Counter(sector for one in facts for sector in one["sectors"])
    return [sector for sector in _frequent(counts.elements()) if counts[sector] >= _SECTOR_SHARE * len(facts)]
