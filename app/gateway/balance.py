"""Who speaks: the catalogue of sources by country, language and family, and the window's events by the same."""

from collections import Counter
from collections.abc import Callable, Mapping

from app.gateway.models import Balance, StateAffiliated, Weight
from app.sources.catalogue import Catalogue, CatalogueSource


def balance(catalogue: Catalogue, events: Mapping[str, int]) -> Balance:
    """The balance; `events` counts the window's by the id of their publisher, which the catalogue may not know."""
    sources = catalogue.sources
    total = sum(events.get(source.id, 0) for source in sources)
    state = [source for source in sources if source.state_affiliated]
    from_state = sum(events.get(source.id, 0) for source in state)

    def weights(part: Callable[[CatalogueSource], object]) -> list[Weight]:
        own, theirs = Counter[str](), Counter[str]()
        for source in sources:
            own[str(part(source))] += 1
            theirs[str(part(source))] += events.get(source.id, 0)
        return [
            Weight(value=value, sources=number, events=theirs[value])
            for value, number in sorted(own.items(), key=lambda item: (-item[1], item[0]))
        ]

    return Balance(
        sources=len(sources),
        countries=weights(lambda source: source.country),
        languages=weights(lambda source: source.language),
        families=weights(lambda source: source.family),
        tiers=weights(lambda source: source.tier),
        kinds=weights(lambda source: source.kind),
        state_affiliated=StateAffiliated(
            sources=len(state),
            share=round(len(state) / len(sources), 4),
            events=from_state,
            event_share=round(from_state / total, 4) if total else 0.0,
        ),
    )
