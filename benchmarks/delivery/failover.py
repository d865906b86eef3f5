"""How long partitions stand still when a worker dies: `python -m benchmarks.delivery.failover`.

Two workers share the partitions under a steady trickle. One is killed (SIGKILL) and stays away: the longest time that
any partition goes without an event is what the other needs to take over. Started again, it takes its partitions back.
Killed and started again at once, it comes back under its static membership before its session has expired.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from app.kafka.admin import ensure_topics
from app.settings import Settings
from benchmarks.delivery.contenders import PARTITIONS, TOPICS, Process, article, kafka, start

RATE = 40.0  # articles a second: ten on each partition
PORTS = {"a": 6166, "b": 6167}


class Flow:
    """Watches events, and remembers when each raw partition had one; monotonic seconds."""

    def __init__(self) -> None:
        self.times: dict[int, list[float]] = {number: [] for number in range(PARTITIONS)}

    async def watch(self, settings: Settings) -> None:
        """Follow events until cancelled."""
        consumer = AIOKafkaConsumer(
            settings.channels.events, bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed"
        )
        async with consumer:
            async for record in consumer:
                self.times[orjson.loads(record.value)["raw"]["partition"]].append(time.monotonic())

    async def longest_gap(self, since: float, seconds: float) -> float:
        """The longest time that any partition went without an event, from `since` on, watched for `seconds`."""
        await asyncio.sleep(since + seconds - time.monotonic())
        gaps = []
        for times in self.times.values():
            within = [since, *(at for at in times if at > since), since + seconds]
            gaps += [later - earlier for earlier, later in pairwise(within)]
        return max(gaps)


async def lanes(port: int) -> int:
    """How many classify lanes the worker at `port` has open; 0 while it does not answer."""
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
        for line in text.splitlines():
            if line.startswith('geonews_lanes{agent="classify"}'):
                return int(float(line.rpartition(" ")[2]))
    return 0


async def seconds_until_lanes(port: int, began: float) -> float:
    """Seconds from `began` until the worker at `port` has lanes of its own."""
    while not await lanes(port):
        if time.monotonic() > began + 60:
            raise SystemExit("the restarted worker got no partitions for 60 s")
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def trickle(settings: Settings) -> None:
    """Articles at RATE until cancelled."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer:
        number = 0
        while True:
            key, partition, value = article(number)
            await producer.send(settings.channels.raw, value, key=key, partition=partition)
            number += 1
            await asyncio.sleep(1 / RATE)


@asynccontextmanager
async def background(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines beside the body."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def scenario(settings: Settings, workers: dict[str, Process], flow: Flow, table: Table) -> None:
    """Kill and restart worker b, twice; one row for each figure."""

    def begin(name: str) -> float:
        log = Path(tempfile.gettempdir()) / f"bench-failover-{name}.log"
        workers[name] = start("geonews", settings, log, worker=name, web_port=PORTS[name])
        return time.monotonic()

    def kill() -> float:
        workers["b"].kill()
        workers["b"].wait()
        return time.monotonic()

    begin("a")
    await seconds_until_lanes(PORTS["b"], begin("b"))
    await asyncio.sleep(8)
    table.add_row("killed: longest gap until the other has its partitions", f"{await flow.longest_gap(kill(), 15):.1f}")
    began = begin("b")
    table.add_row(
        "started again: from start of process to its own lanes", f"{await seconds_until_lanes(PORTS['b'], began):.1f}"
    )
    table.add_row("started again: longest gap while it takes them back", f"{await flow.longest_gap(began, 15):.1f}")
    kill()
    began = begin("b")
    table.add_row("killed and started at once: longest gap", f"{await flow.longest_gap(began, 15):.1f}")


async def run() -> None:
    """Measure and print a table."""
    table = Table("what", "seconds", title=f"two workers, {PARTITIONS} partitions, {RATE:g} articles/s")
    workers: dict[str, Process] = {}
    with kafka() as base:
        settings = base.model_copy(update={"namespace": "bench-failover"})
        await ensure_topics(settings, TOPICS)
        flow = Flow()
        try:
            async with background(trickle(settings), flow.watch(settings)):
                await scenario(settings, workers, flow, table)
        finally:
            for process in workers.values():
                process.kill()
                process.wait()
    Console().print(table)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    asyncio.run(run())
