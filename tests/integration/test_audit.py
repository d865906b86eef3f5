"""The audit on a real Kafka: clean after clean work, and it sees every way in which delivery can go wrong."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import RecordsToDelete

from app.audit import AuditReport, audit
from app.errors import AuditImpossible
from app.kafka.admin import admin_client, delete_topics, ensure_topics
from app.kafka.client import client_options
from app.kafka.reader import open_reader
from app.settings import Settings
from app.steps.outgoing import Outgoing
from tests.conftest import TOPICS
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import Sabotage, article, home, mix, running, sabotaged

pytestmark = pytest.mark.integration


async def process(settings: Settings, puts: list[Put], change: Sabotage | None = None) -> AuditReport:
    await produce(settings, settings.channels.raw, puts)
    with sabotaged(change or (lambda records: records)):
        async with running(settings):
            return await audit(settings, wait_seconds=30)


def kinds(report: AuditReport) -> set[str]:
    return {finding.kind for finding in report.findings}


def once(topic: str, change: Any) -> Sabotage:
    """Replace the first record that goes to `topic` and that `change` wants to change (None: it does not)."""
    done = False

    def sabotage(records: list[Outgoing]) -> list[Outgoing]:
        nonlocal done
        for at, record in enumerate(records):
            if record.topic == topic and not done and (changed := change(record)) is not None:
                done = True
                return [*records[:at], *changed, *records[at + 1 :]]
        return records

    return sabotage


async def test_clean_work_is_clean(settings: Settings) -> None:
    small = settings.model_copy(update={"batch_records": 7})
    report = await process(small, list(mix(200)))
    assert report.findings == []
    assert report.is_clean
    assert report.waiting == 0
    raw = [place for place in report.places if place.topic == settings.channels.raw]
    assert sum(place.records for place in raw) == 200
    assert sum(place.rekeyed for place in raw) == 40
    assert sum(place.dead_lettered for place in raw) == 40
    assert sum(place.duplicates for place in raw) == 40
    assert sum(place.irrelevant for place in raw) == 40
    assert sum(place.published for place in raw) == 80
    assert sum(place.entries for place in raw) > 8
    balances = {balance.what: balance.left for balance in report.balances}
    assert balances["distinct ids + published again = events"] == 80
    assert balances["events that name davos = its channel"] == 80
    assert balances["events that name trade-deals = its channel"] == 80


def drop(record: Outgoing) -> list[Outgoing]:
    return []


def twice(record: Outgoing) -> list[Outgoing]:
    return [record, record]


def amended(**changes: int) -> Any:
    """A ledger record of raw with other numbers, none negative: each change is added to the true number."""

    def amend(record: Outgoing) -> list[Outgoing] | None:
        data = orjson.loads(record.value or b"")
        changed = data | {name: data[name] + by for name, by in changes.items()}
        if ".raw." not in data["topic"] or min(changed[name] for name in changes) < 0:
            return None
        return [replace(record, value=orjson.dumps(changed))]

    return amend


# What goes wrong: in which topic, how, and the kinds of finding that must come of it.
FAULTS: dict[str, tuple[str, Any, set[str]]] = {
    "ledger entry missing": ("ledger", drop, {"gap"}),
    "ledger entry twice": ("ledger", twice, {"overlap"}),
    "ledger range overlaps": ("ledger", amended(next_offset=1), {"overlap", "miscounted"}),
    "ledger range too short": ("ledger", amended(next_offset=-1), {"gap", "miscounted"}),
    "ledger does not add up": ("ledger", amended(records=1), {"bad-entry", "miscounted"}),
    "ledger hides a publication": ("ledger", amended(published=-1, duplicates=1), {"unpublished"}),
    "ledger invents a dead letter": ("ledger", amended(irrelevant=-1, dead_lettered=1), {"dead-letters"}),
    "ledger invents a rekeyed record": ("ledger", amended(irrelevant=-1, records=-1, rekeyed=1), {"rekeyed"}),
    "ledger entry is no ledger entry": ("ledger", lambda r: [replace(r, value=b"[]")], {"foreign", "gap"}),
    "event missing": ("events", drop, {"unpublished", "surplus-event"}),
    "event twice": ("events", twice, {"doubled-event", "unpublished"}),
    "event missing from a channel": ("events.davos", drop, {"missing-event"}),
    "event twice in a channel": ("events.trade-deals", twice, {"surplus-event"}),
    "dead letter missing": ("dead-letters", drop, {"dead-letters"}),
    "dead letter twice": ("dead-letters", twice, {"doubled-dead-letter", "dead-letters"}),
    "rekeyed record missing": ("raw", drop, {"rekeyed"}),
    "rekeyed record twice": ("raw", twice, {"doubled-rekey", "rekeyed"}),
    "candidates missing": ("candidates", drop, {"unpublished"}),
    "candidates twice": ("candidates", twice, {"doubled-candidate", "unpublished"}),
}


@pytest.mark.parametrize("part", range(3))
async def test_faults_of_delivery_are_found(settings: Settings, part: int) -> None:
    systems = {}
    for number, fault in enumerate(list(FAULTS)[part::3]):
        systems[fault] = settings.model_copy(
            update={"namespace": f"{settings.namespace}-{number}", "batch_records": 5, "partitions": 2}
        )
        await ensure_topics(systems[fault], TOPICS)
    changes = [once(system.channels._named(FAULTS[fault][0]), FAULTS[fault][1]) for fault, system in systems.items()]

    async def found(system: Settings) -> AuditReport:
        await produce(system, system.channels.raw, mix(60, 2))
        async with running(system):
            return await audit(system, wait_seconds=60)

    with sabotaged(lambda records: reduce(lambda left, change: change(left), changes, records)):
        reports = await asyncio.gather(*map(found, systems.values()))
    for fault, report in zip(systems, reports, strict=True):
        assert not report.is_clean, fault
        assert kinds(report) >= FAULTS[fault][2], fault
        assert all(finding.first < finding.end for finding in report.findings)
    await delete_topics(settings, [c.name for s in systems.values() for c in s.channels.all(TOPICS)])


async def test_findings_name_the_offsets(settings: Settings) -> None:
    puts = [Put(orjson.dumps(article(n)), partition=home(article(n)["url"])) for n in range(40)]
    ours = [put for put in puts if put.partition == 0]
    small = settings.model_copy(update={"batch_records": 1})
    drops = [f'"first_offset":{n},' for n in (2, 3)]

    def forget(records: list[Outgoing]) -> list[Outgoing]:
        here = f'"topic":"{settings.channels.raw}","partition":0,'.encode()
        return [
            r
            for r in records
            if not (r.value and here in r.value and any(d.encode() in r.value for d in drops))
            or r.topic != settings.channels.ledger
        ]

    report = await process(small, ours, forget)
    gaps = [f for f in report.findings if f.kind == "gap"]
    assert [(f.topic, f.partition, f.first, f.end) for f in gaps] == [(settings.channels.raw, 0, 2, 4)]
    assert "2 records" in gaps[0].message


async def test_records_beyond_the_lanes_are_waiting_and_no_error(settings: Settings) -> None:
    assert (await process(settings, list(mix(20)))).is_clean
    await produce(settings, settings.channels.raw, list(mix(30)))
    report = await audit(settings)
    assert report.is_clean
    assert report.waiting == 30


async def test_an_empty_system_is_clean(settings: Settings) -> None:
    report = await audit(settings)
    assert report.is_clean
    assert {(place.start, place.end) for place in report.places} == {(0, 0)}


async def test_records_of_strangers_are_found(settings: Settings) -> None:
    assert (await process(settings, list(mix(20)))).is_clean
    stranger = (await read_all(settings, settings.channels.events))[0]
    await produce(settings, settings.channels.ledger, [Put(b'{"topic":"other","partition":0}')])
    await produce(settings, settings.channels.events, [Put(stranger.value, stranger.key)])
    report = await audit(settings)
    assert kinds(report) == {"foreign", "doubled-event", "unpublished"}


async def test_an_audit_beside_live_lanes_is_clean(settings: Settings) -> None:
    small = settings.model_copy(update={"batch_records": 10})
    await produce(settings, settings.channels.raw, mix(3000))
    async with running(small):
        reports: list[AuditReport] = []
        while not reports or (reports[-1].waiting and len(reports) < 50):
            reports.append(await audit(settings))
            assert reports[-1].findings == []
            assert reports[-1].is_clean
    decided = [sum(place.records for place in report.places) for report in reports]
    assert decided == sorted(decided)
    assert len(set(decided)) > 2, "the audits saw the work at several stages"


async def test_since_leaves_out_what_was_processed_earlier(settings: Settings) -> None:
    raw = settings.channels.raw
    first = await process(settings, list(mix(30)), once(settings.channels.dead_letters, drop))
    assert kinds(first) == {"dead-letters"}
    await asyncio.sleep(0.1)
    since = int(time.time() * 1000)
    await produce(settings, raw, [Put(orjson.dumps(article(n))) for n in range(100, 120)])
    async with running(settings):
        report = await audit(settings, since, wait_seconds=60)
    assert report.findings == []
    assert report.is_clean
    assert {place.start_reason for place in report.places} == {"since"}
    assert sum(place.records for place in report.places if place.topic == raw) == 20
    assert not (await audit(settings)).is_clean
    later = await audit(settings, int(time.time() * 1000))
    assert later.is_clean
    assert sum(place.entries for place in later.places) == 0


async def test_what_retention_took_is_no_fault(settings: Settings) -> None:
    small, channels = settings.model_copy(update={"batch_records": 5}), settings.channels
    assert (await process(small, list(mix(100)))).is_clean
    await truncate(settings, channels.raw, keep=4)
    report = await audit(settings)
    assert report.findings == []
    assert report.is_clean
    raw = [place for place in report.places if place.topic == channels.raw]
    assert {place.start_reason for place in raw} == {"retention"}
    assert 0 < sum(place.records for place in raw) < 40
    await truncate(settings, channels.ledger, keep=8)
    assert (await audit(settings)).findings == []
    for topic in (channels.candidates, channels.events, channels.dead_letters, channels.events_of("davos")):
        await truncate(settings, topic, keep=3)
        report = await audit(settings)
        assert report.findings == []
        assert report.is_clean


async def truncate(settings: Settings, topic: str, keep: int) -> None:
    """Delete all but the last offsets of each partition, as retention would."""
    async with open_reader(settings) as reader, admin_client(settings) as admin:
        ends = await reader.written_ends((await reader.topics(topic))[topic])
        await admin.delete_records({place: RecordsToDelete(max(0, end - keep)) for place, end in ends.items()})


async def test_aborted_records_are_no_records(settings: Settings) -> None:
    await write_and_abort(settings, mix(20))
    assert (await process(settings, list(mix(20)))).findings == []
    await write_and_abort(settings, mix(20))
    report = await audit(settings)
    assert report.is_clean
    assert report.waiting == 0
    assert sum(place.records for place in report.places if place.topic == settings.channels.raw) == 20


async def write_and_abort(settings: Settings, puts: Iterable[Put]) -> None:
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=f"{settings.namespace}-test")
    async with producer:
        await producer.begin_transaction()
        for put in puts:
            await producer.send(settings.channels.raw, put.value, partition=put.partition)
        await producer.flush()
        await producer.abort_transaction()


async def test_an_open_transaction_makes_the_audit_impossible(settings: Settings) -> None:
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=f"{settings.namespace}-test")
    async with producer, producer.transaction():
        await producer.send_and_wait(settings.channels.events, b"unfinished", partition=1)
        with pytest.raises(AuditImpossible, match=r"still open after 6 s in .*events\.v1-1"):
            await audit(settings.model_copy(update={"transaction_timeout_ms": 1000}))


async def test_lost_committed_offsets_are_found(settings: Settings) -> None:
    assert (await process(settings, list(mix(20)))).is_clean
    entries = [entry.value for entry in await read_all(settings, settings.channels.ledger)]
    renewed = settings.model_copy(update={"namespace": f"{settings.namespace}-new"})
    await ensure_topics(renewed, TOPICS)
    await produce(renewed, renewed.channels.raw, mix(20))
    moved = [entry.replace(settings.namespace.encode(), renewed.namespace.encode()) for entry in entries]
    await produce(renewed, renewed.channels.ledger, moved)
    report = await audit(renewed)
    assert kinds(report) == {"uncommitted"}
    await delete_topics(renewed, [channel.name for channel in renewed.channels.all(TOPICS)])
