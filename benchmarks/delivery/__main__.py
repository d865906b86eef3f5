"""How many records a second each contender publishes, with one worker on four partitions of a real Kafka.

`python -m benchmarks.delivery [--seconds 20] [--records 400000] [--only geonews,quix,faust]`

Every contender reads the same raw articles and does the same work (`work.py`): validate, de-duplicate, a classifier
that costs nothing, enrich, two outputs a record. The clock starts when its first event is committed and runs for the
given seconds; what is committed by then counts. Ratios within one run are the result; absolute numbers belong to the
machine. Quix Streams runs in an environment of its own, because it needs an older pydantic: `make bench-peers`.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from app.kafka.admin import ensure_topics
from app.settings import Settings
from benchmarks.delivery.contenders import PARTITIONS, TOPICS, fill, kafka, start

CONTENDERS = ("geonews", "quix", "faust")
console = Console(stderr=True)


def places(topic: str) -> list[TopicPartition]:
    """All partitions of a topic."""
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


async def has_events(consumer: AIOKafkaConsumer, topic: str) -> bool:
    """Whether anything is committed to `topic`."""
    return any((await consumer.end_offsets(places(topic))).values())


async def count(settings: Settings, topic: str) -> int:
    """Committed events, without transaction markers."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign(places(topic))
    ends = await consumer.end_offsets(places(topic))
    total = 0
    while any([await consumer.position(place) < end for place, end in ends.items()]):
        batches = await consumer.getmany(timeout_ms=500)
        total += sum(1 for place, records in batches.items() for record in records if record.offset < ends[place])
    await consumer.stop()
    return total


async def measure(name: str, base: Settings, arguments: argparse.Namespace) -> float:
    """Records a second of one contender."""
    settings = base.model_copy(update={"namespace": f"bench-{name}-{int(time.time())}"})
    await ensure_topics(settings, TOPICS)
    with console.status(f"{name}: filling raw with {arguments.records:,} articles"):
        await fill(settings, arguments.records)
    watcher = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed")
    await watcher.start()
    log = Path(tempfile.gettempdir()) / f"{settings.namespace}.log"
    began = time.monotonic()
    process = start(name, settings, log, python=arguments.peer_python)
    try:
        with console.status(f"{name}: running for {arguments.seconds} s"):
            deadline = time.monotonic() + 90
            while not await has_events(watcher, settings.channels.events):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{name} published nothing; its log is {log}")
                await asyncio.sleep(0.05)
            before, began = await count(settings, settings.channels.events), time.monotonic()
            await asyncio.sleep(arguments.seconds)
    finally:
        process.kill()  # nothing that is not committed now shall count
        seconds = time.monotonic() - began
        process.wait()
        await watcher.stop()
    total = await count(settings, settings.channels.events)
    if total >= arguments.records:
        raise SystemExit(f"{name} finished early: raise --records above {arguments.records}")
    return (total - before) / seconds


async def run(arguments: argparse.Namespace) -> None:
    """Measure the contenders one after the other and print a table."""
    with kafka() as settings:
        rates = {name: await measure(name, settings, arguments) for name in arguments.only.split(",")}
    title = f"one worker, {PARTITIONS} partitions, {arguments.seconds:g} s each"
    table = Table("contender", "records/s", "geonews is", title=title)
    for name, rate in rates.items():
        ratio = f"{rates['geonews'] / rate:.2f} times" if "geonews" in rates and rate else ""
        table.add_row(name, f"{rate:,.0f}", ratio)
    Console().print(table)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each contender runs")
    parser.add_argument("--records", type=int, default=400_000, help="articles to fill raw with")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="which contenders, separated by commas")
    parser.add_argument("--peer-python", default=".venv-bench/bin/python", help="interpreter with quixstreams")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
