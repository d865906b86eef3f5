"""Time from raw record to committed event at a steady trickle: `python -m benchmarks.delivery.latency [--rate 20]`.

The time runs from the raw record's timestamp (set by its producer) to when a read_committed consumer has the event.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.kafka.admin import ensure_topics
from app.settings import Settings
from benchmarks.delivery.contenders import TOPICS, article, kafka, start

WARM_UP = 40  # articles before the first that counts


async def send(settings: Settings, articles: int, rate: float) -> None:
    """`articles` at `rate` a second, evenly."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=0)
    await producer.start()
    began = time.monotonic()
    for number in track(range(articles), description=f"{rate:g} articles/s", console=Console(stderr=True)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        key, partition, value = article(number)
        await producer.send(settings.channels.raw, value, key=key, partition=partition)
    await producer.stop()


async def receive(settings: Settings, articles: int) -> list[float]:
    """Seconds that each event took, in order of arrival."""
    consumer = AIOKafkaConsumer(
        settings.channels.events,
        bootstrap_servers=settings.kafka_bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    sent: dict[tuple[int, int], float] = {}
    raw = AIOKafkaConsumer(
        settings.channels.raw, bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest"
    )
    arrived: list[tuple[tuple[int, int], float]] = []
    async with raw, consumer:
        while len(arrived) < articles:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                now = time.time()
                positions = (orjson.loads(record.value)["raw"] for record in records)
                arrived += [((position["partition"], position["offset"]), now) for position in positions]
        while len(sent) < articles:
            for records in (await raw.getmany(timeout_ms=500)).values():
                sent |= {(record.partition, record.offset): record.timestamp / 1000 for record in records}
    return [at - sent[position] for position, at in arrived]


async def run(articles: int, rate: float) -> None:
    """Measure and print a table."""
    with kafka() as base:
        settings = base.model_copy(update={"namespace": "bench-latency"})
        await ensure_topics(settings, TOPICS)
        worker = start("geonews", settings, Path(tempfile.gettempdir()) / "bench-latency.log")
        try:
            receiver = asyncio.create_task(receive(settings, articles + WARM_UP))
            await asyncio.sleep(8)  # let the lanes open
            await send(settings, articles + WARM_UP, rate)
            seconds = (await asyncio.wait_for(receiver, 60))[WARM_UP:]
        finally:
            worker.kill()
            worker.wait()
    cuts = statistics.quantiles(seconds, n=100)
    table = Table("articles", "p50 ms", "p95 ms", "p99 ms", "max ms", title=f"raw to event at {rate:g} articles/s")
    values = (cuts[49], cuts[94], cuts[98], max(seconds))
    table.add_row(str(len(seconds)), *(f"{value * 1000:.0f}" for value in values))
    Console().print(table)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1200)
    parser.add_argument("--rate", type=float, default=20.0)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.articles, arguments.rate))


if __name__ == "__main__":
    main()
