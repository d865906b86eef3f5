"""The gap that readers see in a rolling restart: `python -m benchmarks.delivery.rolling [--rate 200]`.

Three workers share the partitions under a steady flow and are replaced one by one, each new one with lanes of its own
before the next goes. `surge` starts the new worker beside the old one, as deploy/base does; `in-place` stops the old
one first and starts its successor under the same id, as a supervisor on one machine does. An event's age is the time
from its raw record to when a read_committed reader has it: the greatest one during the roll is the gap. At the end the
audit proves from Kafka alone that every record was decided once.
"""

import argparse
import asyncio
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from app.audit import audit
from app.kafka.admin import ensure_topics
from app.kafka.local_state import free_port
from app.settings import Settings
from benchmarks.delivery.contenders import TOPICS, Process, article, kafka, start
from benchmarks.delivery.failover import background, seconds_until_lanes

WORKERS = 3
SETTLE_SECONDS = 8.0  # after each worker, and before the first


@dataclass
class Ages:
    """Age of each event when a reader had it: (monotonic seconds, age in seconds)."""

    seen: list[tuple[float, float]] = field(default_factory=list)
    sent: dict[int, float] = field(default_factory=dict)

    async def feed(self, settings: Settings, rate: float) -> None:
        """Distinct articles at `rate` a second until cancelled."""
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=2) as producer:
            began, number = time.monotonic(), 0
            while True:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                key, partition, value = article(number)
                self.sent[number] = time.monotonic()
                await producer.send(settings.channels.raw, value, key=key, partition=partition)
                number += 1

    async def watch(self, settings: Settings) -> None:
        """Follow events until cancelled."""
        consumer = AIOKafkaConsumer(
            settings.channels.events,
            bootstrap_servers=settings.kafka_bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        async with consumer:
            async for record in consumer:
                number = int(orjson.loads(record.value)["url"].rpartition("-")[2])
                now = time.monotonic()
                self.seen.append((now, now - self.sent[number]))

    def between(self, since: float, until: float) -> list[float]:
        """Ages of the events that came in that time."""
        return [age for at, age in self.seen if since <= at < until]


class Roll:
    """The workers, replaced one by one."""

    def __init__(self, settings: Settings, how: str) -> None:
        self._settings = settings
        self._surge = how == "surge"
        self._running: dict[str, Process] = {}
        self._generation = 0

    async def begin(self, name: str) -> None:
        """Start a worker; returns when it has lanes."""
        port = free_port(23_000 + 10 * len(self._running) + 50 * self._generation)
        log = Path(tempfile.gettempdir()) / f"bench-rolling-{name}.log"
        self._running[name] = start("geonews", self._settings, log, worker=name, web_port=port)
        await seconds_until_lanes(port, time.monotonic())

    async def end(self, name: str) -> None:
        """SIGTERM, and wait for the end."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait)

    async def replace(self, name: str) -> None:
        """One step of the roll."""
        self._generation += 1
        if self._surge:
            await self.begin(f"{name}-next")
            await self.end(name)
        else:
            await self.end(name)
            await self.begin(name)

    def kill(self) -> None:
        """End whatever still runs."""
        for process in self._running.values():
            process.kill()
            process.wait()


async def run(rate: float, how: str) -> None:
    """Measure and print a table."""
    table = Table("", "events", "median age", "p99", "greatest age", title=f"{how}: {WORKERS} workers, {rate:g}/s")
    with kafka() as base:
        settings = base.model_copy(update={"namespace": "bench-rolling"})
        await ensure_topics(settings, TOPICS)
        ages, roll = Ages(), Roll(settings, how)
        try:
            names = [f"w{number}" for number in range(1, WORKERS + 1)]
            await asyncio.gather(*(roll.begin(name) for name in names))
            async with background(ages.watch(settings)):
                async with background(ages.feed(settings, rate)):
                    await asyncio.sleep(SETTLE_SECONDS)
                    _row(table, "before", ages, time.monotonic() - SETTLE_SECONDS / 2)
                    for name in names:
                        since = time.monotonic()
                        await roll.replace(name)
                        await asyncio.sleep(SETTLE_SECONDS)
                        _row(table, f"{name} replaced", ages, since)
                await _drained(ages)
            report = await audit(settings)
        finally:
            roll.kill()
    console = Console()
    console.print(table)
    missing = len(ages.sent) - len(ages.seen)
    console.print(f"{len(ages.sent)} articles, {missing} missing; audit: {'clean' if report.is_clean else report}")


def _row(table: Table, what: str, ages: Ages, since: float) -> None:
    found = sorted(ages.between(since, time.monotonic()))
    figures = (statistics.median(found), found[int(len(found) * 0.99)], found[-1])
    table.add_row(what, str(len(found)), *(f"{figure:.2f} s" for figure in figures))


async def _drained(ages: Ages) -> None:
    """Wait until every article that was sent has come out, half a minute at most: the audit says what is missing."""
    deadline = time.monotonic() + 30
    while len(ages.seen) < len(ages.sent) and time.monotonic() < deadline:  # noqa: ASYNC110 - a reader is waited for
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="articles a second (200)")
    parser.add_argument("--how", choices=["surge", "in-place"], action="append", help="one way only; else both")
    given = parser.parse_args()
    for way in given.how or ["surge", "in-place"]:
        asyncio.run(run(given.rate, way))
