"""The audit on a real Kafka: clean after clean work, and it sees every way in which delivery can go wrong."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition

from app.audit import AuditReport, audit
from app.settings import Settings
from app.steps.outgoing import Outgoing
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
    """Replace the first record that goes to `topic`, and no other, by what `change` gives."""
    done = False

    def sabotage(records: list[Outgoing]) -> list[Outgoing]:
        nonlocal done
        for at, record in enumerate(records):
            if record.topic == topic and not done:
                done = True
                return [*records[:at], *change(record), *records[at + 1 :]]
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
