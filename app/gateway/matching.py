"""Whether a record in memory answers what was asked: the same question that the index answers with SQL."""

from collections.abc import Callable

from app.gateway.index.asking import Asked
from app.gateway.item import Facts, Item


def matcher(asked: Asked) -> Callable[[Item], bool]:
    """A function that says whether an item answers. A question that means nothing for an item lets it pass."""
    topics, countries = frozenset(asked.tags.get("topic", ())), frozenset(asked.tags.get("country", ()))
    sources, sectors = frozenset(asked.tags.get("source", ())), frozenset(asked.tags.get("sector", ()))
    languages = frozenset(asked.languages)
    prefixes = tuple(f"{language}-" for language in languages)

    def in_language(facts: Facts) -> bool:
        return facts.languages is None or any(
            language in languages or language.startswith(prefixes) for language in facts.languages
        )

    def scored(facts: Facts) -> bool:
        if facts.topics is None:
            return True
        scores = [score for topic, score in facts.topics.items() if not topics or topic in topics]
        return bool(scores) and max(scores) >= asked.min_score

    def in_time(facts: Facts) -> bool:
        return facts.at is None or (
            (asked.since is None or facts.at >= asked.since) and (asked.until is None or facts.at < asked.until)
        )

    def matches(item: Item) -> bool:
        facts = item.facts
        return (
            scored(facts)
            and (not countries or facts.countries is None or not countries.isdisjoint(facts.countries))
            and (not sources or facts.sources is None or not sources.isdisjoint(facts.sources))
            and (not sectors or facts.sectors is None or not sectors.isdisjoint(facts.sectors))
            and (not languages or in_language(facts))
            and in_time(facts)
            and (not asked.words or facts.words is None or all(word in facts.words for word in asked.words))
        )

    return matches
