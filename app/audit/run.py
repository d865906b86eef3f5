"""Runs the audit: a cut, the evidence, the ledger against it, and the conservation laws between the stages."""

from collections.abc import Callable, Iterator
from functools import partial

from aiokafka import TopicPartition

from app.audit.cut import Cut, take_cut
from app.audit.events import Events
from app.audit.evidence import Evidence
from app.audit.ledger import Ledger
from app.audit.report import AuditReport, Balance, Place
from app.kafka.reader import open_reader, tally
from app.settings import Settings

Progress = Callable[[str, int, int], object]  # what is read, offsets passed, offsets in all


async def audit(
    settings: Settings, since_ms: int | None = None, *, wait_seconds: float = 0.0, progress: Progress | None = None
) -> AuditReport:
    """Prove from Kafka alone that every input record was decided exactly once; see `AuditReport.is_clean`.

    `since_ms` (epoch) leaves out what was processed earlier. `wait_seconds` is how long lanes that have records
    waiting may take to catch up first; what still waits is reported, and is no error. May run beside live workers.
    Raises KafkaUnavailable, and AuditImpossible while a transaction stays open.
    """
    async with open_reader(settings) as reader:
        cut = await take_cut(reader, settings, since_ms, wait_seconds)
        channels, report = cut.channels, AuditReport(since_ms=cut.horizon_ms or None)
        ledger = Ledger(settings, cut, report)
        await ledger.find_starts(reader, since_ms)
        evidence = Evidence(cut, report)
        for topic in (channels.dead_letters, channels.candidates, channels.raw):
            await evidence.read(reader, topic, _advance(cut, progress, topic))
        evidence.judge_repeats()
        events = Events(evidence, int(settings.seen_hours * 3_600_000))
        await events.read(reader, _advance(cut, progress, channels.events, *cut.event_topics))
        await ledger.judge(reader, evidence, _advance(cut, progress, channels.ledger))
    for place in report.places:
        where = TopicPartition(place.topic, place.partition)
        place.waiting = evidence.held(where, place.end, cut.ends[where])
    report.balances = list(_balances(report, evidence, events, rekeys=not ledger.rekeys_since_ms))
    return report


def _advance(cut: Cut, progress: Progress | None, *topics: str) -> Callable[[int], object]:
    return tally(cut.spans(*topics), partial(progress, topics[0]) if progress else None)


def _balances(report: AuditReport, evidence: Evidence, events: Events, *, rekeys: bool) -> Iterator[Balance]:
    """What one stage hands on and what the next one has, counted independently: ledger left, Kafka right."""
    channels = evidence.cut.channels
    raw = [place for place in report.places if place.topic == channels.raw]
    candidates = [place for place in report.places if place.topic == channels.candidates]
    yield Balance("published by classify = candidates", _sum(raw, "published"), _count(raw, evidence.published))
    yield Balance(
        "routed + waiting = candidates",
        _sum(candidates, "records") + _sum(candidates, "waiting"),
        sum(evidence.held(_where(p), p.start, evidence.cut.ends[_where(p)]) for p in candidates),
    )
    yield Balance("published by route = events", _sum(candidates, "published"), _count(candidates, evidence.published))
    yield Balance("distinct ids + published again = events", events.distinct + report.republished, events.records)
    for topic in sorted(events.expected | events.found):
        yield Balance(f"events that name {topic} = its channel", events.expected[topic], events.found[topic])
    letters = sum(evidence.dead[_where(place)].count(place.start, place.end) for place in report.places)
    yield Balance("dead-lettered = dead letters", _sum(report.places, "dead_lettered"), letters)
    if rekeys:
        moved = sum(evidence.rekeyed[_where(place)].count(place.start, place.end) for place in raw)
        yield Balance("re-keyed = raw records with that header", _sum(raw, "rekeyed"), moved)


def _sum(places: list[Place], name: str) -> int:
    return sum(int(getattr(place, name)) for place in places)


def _count(places: list[Place], count: Callable[[TopicPartition, int, int], int]) -> int:
    return sum(count(_where(place), place.start, place.end) for place in places)


def _where(place: Place) -> TopicPartition:
    return TopicPartition(place.topic, place.partition)
