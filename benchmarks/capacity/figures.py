"""What one article costs, measured: CPU seconds by stage and in a whole worker, bytes by topic."""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import orjson
import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.codec import lz4_encode

from app import pipeline
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.kafka.admin import ensure_topics
from app.pipeline import ClassifyPath, RoutePath
from app.settings import Settings
from app.steps.candidates import unpack
from app.steps.identity import canonical_url, home_partition, url_key
from app.steps.memory import Memory, Pending
from app.steps.outgoing import Headers, Outcome, Outgoing
from app.steps.records import Inbound
from benchmarks.delivery.contenders import PARTITIONS, TOPICS, kafka, start
from benchmarks.delivery.failover import lanes
from schemas.channels import Channels

SAMPLES = Path(__file__).parents[2] / "samples" / "articles.jsonl"
BATCH = 200
OF_EVENTS = ("enrich", "route")  # stages that only relevant articles come to
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one article. `stages` and `worker` are CPU seconds; `event_topics` is how many topics an event is of."""

    stages: dict[str, float]
    worker: float
    bytes_raw: float
    bytes_candidate: float
    bytes_event: float
    event_topics: float


def measure(classifier: str, articles: int, delivered: int, share: float) -> Figures:
    """Run `articles` varied samples through both paths here, and `delivered` through a real worker.

    Of both, `share` are relevant. Raises ZeroDivisionError where the classifier finds none that is.
    """
    channels, samples = Channels(), _samples(classifier)
    values = list(_varied(samples, articles, share))
    memory = Memory(3 * DAY_MS, 1_000_000)
    path = ClassifyPath(channels, build_classifier(classifier, load_taxonomy(None)), 1)
    seconds: dict[str, float] = defaultdict(float)
    candidates: list[Outgoing] = []
    relevant = 0
    for batch in _batches([_inbound(channels.raw, at, value) for at, value in enumerate(values)]):
        pending = Pending(memory)
        with patch.object(pipeline, "perf_counter", time.process_time):  # CPU, whatever else the machine does
            decided = path.decide(batch, pending, datetime.now(UTC))
        pending.commit()
        relevant += decided.outcomes[Outcome.PUBLISHED]
        candidates += decided.outgoing
        for stage, spent in decided.seconds.items():
            seconds[stage.value] += spent
    began = time.process_time()
    route = RoutePath(channels)
    records = [_inbound(channels.candidates, at, record.value or b"") for at, record in enumerate(candidates)]
    routed = route.decide(records, Pending(Memory(3 * DAY_MS, 1_000_000)), datetime.now(UTC))
    seconds["route"] += time.process_time() - began
    events = [record for record in routed.outgoing if record.topic == channels.events]
    return Figures(
        stages={stage: spent / (relevant if stage in OF_EVENTS else articles) for stage, spent in seconds.items()},
        worker=asyncio.run(_worker_seconds(classifier, list(_varied(samples, delivered, share)))),
        # Each text once: repeats within a batch would flatter the compression.
        bytes_raw=_packed([(orjson.dumps(sample), ()) for kind in samples for sample in kind]),
        bytes_candidate=_packed(_values(candidates[:1]), len(records[:1]) and _candidates_in(records[0])),
        bytes_event=_packed(_values(events[: len(samples[0])])),
        event_topics=statistics.mean(len(published.topics) for published in routed.published),
    )


Samples = tuple[list[dict[str, Any]], list[dict[str, Any]]]  # relevant ones, others


def _samples(classifier: str) -> Samples:
    """The sample articles that are valid, by whether this classifier finds them relevant."""
    path = ClassifyPath(Channels(), build_classifier(classifier, load_taxonomy(None)), 1)
    found: Samples = ([], [])
    for line in SAMPLES.read_bytes().splitlines():
        pending = Pending(Memory(DAY_MS, 1000))
        outcomes = path.decide([_inbound("raw", 0, line)], pending, datetime.now(UTC)).outcomes
        if outcomes[Outcome.PUBLISHED] or outcomes[Outcome.IRRELEVANT]:
            found[not outcomes[Outcome.PUBLISHED]].append(orjson.loads(line))
    return found


def _varied(samples: Samples, count: int, share: float) -> Iterator[bytes]:
    """Articles, each under an address and with a title of its own, of which `share` are relevant."""
    for number in range(count):
        kind = samples[int(number * share) == int((number + 1) * share)]
        sample = dict(kind[number % len(kind)])
        sample["url"] = f"{sample['url'].split('#')[0].rstrip('/')}/{number}"
        sample["title"] = f"{sample.get('title', '')} ({number})"
        yield orjson.dumps(sample)


def _values(records: Iterable[Outgoing]) -> list[tuple[bytes, Headers]]:
    return [(record.value or b"", record.headers) for record in records]


def _candidates_in(record: Inbound) -> int:
    return len(unpack(record.value or b""))


def _inbound(topic: str, offset: int, value: bytes) -> Inbound:
    return Inbound(topic, 0, offset, int(time.time() * 1000), None, value, ())


def _batches(records: Sequence[Inbound]) -> Iterator[Sequence[Inbound]]:
    for at in range(0, len(records), BATCH):
        yield records[at : at + BATCH]


def _packed(records: Sequence[tuple[bytes, Iterable[tuple[str, bytes]]]], articles: int | None = None) -> float:
    """Bytes of an article, as Kafka keeps them: with headers, in batches that lz4 has compressed."""
    total = 0
    for at in range(0, len(records), BATCH):
        part = records[at : at + BATCH]
        plain = b"".join(value + b"".join(name.encode() + got for name, got in headers) for value, headers in part)
        total += len(lz4_encode(plain))
    return total / (articles or len(records) or 1)


async def _worker_seconds(classifier: str, values: Sequence[bytes]) -> float:
    """CPU seconds that a real worker takes for one of these articles, Kafka's client included."""
    port = 6266
    with kafka() as base:
        settings = base.model_copy(update={"namespace": "bench-capacity"})
        await ensure_topics(settings, TOPICS)
        with tempfile.TemporaryDirectory() as logs:
            process = start("geonews", settings, Path(logs) / "log", web_port=port, classifier=classifier)
            try:
                while await lanes(port) < PARTITIONS:  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(0.2)
                before = _cpu(process.pid)
                await _fill(settings, values)
                while await _decided(port) < len(values):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
                return (_cpu(process.pid) - before) / len(values)
            finally:
                process.kill()
                process.wait()


async def _fill(settings: Settings, values: Sequence[bytes]) -> None:
    """Put articles on the raw topic, each on its home partition."""
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, compression_type="lz4"
    ) as producer:
        for value in values:
            place = home_partition(url_key(canonical_url(orjson.loads(value)["url"])), PARTITIONS)
            await producer.send(settings.channels.raw, value, partition=place)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def _decided(port: int) -> int:
    """Input articles that the classify lanes have committed."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    counted = (line for line in text.splitlines() if line.startswith('geonews_articles_total{agent="classify"'))
    return int(sum(float(line.rpartition(" ")[2]) for line in counted))
