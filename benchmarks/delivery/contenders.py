"""Starts contenders, and the Kafka that they run on."""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer

from app.kafka.local import LocalKafka
from app.settings import Settings
from app.steps.identity import canonical_url, home_partition, url_key

PARTITIONS = 4
TOPICS = ("trade-deals", "ukraine-war", "davos")
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leaders for a moment


@contextmanager
def kafka() -> Iterator[Settings]:
    """Settings for a Kafka of this benchmark's own, stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="geonews-bench-"))
    broker = LocalKafka(home, heap_mb=768)
    broker.start()
    try:
        yield Settings(_env_file=None, kafka_bootstrap=broker.bootstrap, home=home, partitions=PARTITIONS)
    finally:
        broker.stop()


def article(number: int) -> tuple[bytes, int, bytes]:
    """(key, home partition, raw value) of a distinct article, some 600 bytes."""
    url = f"https://news.example/2026/01/20/story-{number}"
    said = "The ministers of two countries met on Tuesday and spoke of goods and services. " * 4
    value = {
        "url": url,
        "title": f"Story number {number}: two governments speak of trade",
        "text": f"Report {number}. {said}",
        "language": "en",
        "published_at": "2026-01-20T10:00:00Z",
        "source": {"name": "Example"},
    }
    key = url_key(canonical_url(url))
    return key.hex().encode(), home_partition(key, PARTITIONS), orjson.dumps(value)


async def fill(settings: Settings, records: int) -> None:
    """Put `records` distinct articles on the raw topic, each on its home partition."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap, max_batch_size=500_000, compression_type="lz4"
    )
    await producer.start()
    batches = {number: producer.create_batch() for number in range(PARTITIONS)}
    for number in range(records):
        key, partition, value = article(number)
        if batches[partition].append(timestamp=None, key=key, value=value) is None:
            await producer.send_batch(batches[partition], settings.channels.raw, partition=partition)
            batches[partition] = producer.create_batch()
            batches[partition].append(timestamp=None, key=key, value=value)
    for partition, batch in batches.items():
        await producer.send_batch(batch, settings.channels.raw, partition=partition)
    await producer.stop()


def start(
    name: str,
    settings: Settings,
    log: Path,
    *,
    python: str = sys.executable,
    worker: str = "bench",
    web_port: int = 0,
    classifier: str = "none",
) -> "Process":
    """Start contender `name` in a process of its own, which writes to `log`."""
    environment = os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "GEONEWS_NAMESPACE": settings.namespace,
        "GEONEWS_CLASSIFIER": classifier,
        "GEONEWS_HOME": str(settings.home),
        "GEONEWS_WEB_PORT": str(web_port),
        "GEONEWS_LOG_LEVEL": "warning",
        "GEONEWS_WORKER_ID": worker,
    }
    command = (
        [sys.executable, "-c", "from app.cli import main; main()", "worker"]
        if name == "geonews"
        else [python, "-m", f"benchmarks.delivery.peer_{name}", str(settings.kafka_bootstrap), settings.namespace]
    )
    return subprocess.Popen(command, env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT)


Process = subprocess.Popen[bytes]
