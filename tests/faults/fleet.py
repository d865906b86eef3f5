"""Workers, input and verdict of one fault test, over one Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from app.classification.base import Classifier
from app.kafka.admin import ensure_topics
from app.kafka.client import client_options
from app.kafka.local import LocalKafka
from app.settings import Settings
from tests.conftest import TOPICS, make_settings
from tests.faults import classifiers
from tests.faults.articles import Batch, Expected, Generator, expect
from tests.faults.verdict import Verdict, committed_records, drained, judge
from tests.faults.worker import WorkerProcess
from tests.kafka_tools import Put

TAXONOMY: Final = Path(__file__).with_name("taxonomy.yaml")


class Feeder:
    """Puts articles on raw, each exactly once; a broker that is away for two minutes does not disturb it."""

    def __init__(self, settings: Settings) -> None:
        self._raw = settings.channels.raw
        self._producer = AIOKafkaProducer(
            **client_options(settings), enable_idempotence=True, linger_ms=5, request_timeout_ms=120_000
        )
        self.sent: list[Put] = []

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def send(self, batch: Batch) -> None:
        """Send, and wait until Kafka has acknowledged every record."""
        waiting = [
            await self._producer.send(self._raw, put.value, key=put.key, partition=put.partition)
            for put in batch.records
        ]
        await asyncio.gather(*waiting)
        self.sent += batch.records

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()


class Fleet:
    """The workers of one test; `stop` ends all that still run."""

    def __init__(self, settings: Settings, kafka: LocalKafka, home: Path, classifier: Classifier) -> None:
        self.settings = settings
        self.kafka = kafka
        self.feeder = Feeder(settings)
        self.articles = Generator(seed=5, partitions=settings.partitions)
        self._home = home
        self._classifier = classifier
        self.environment: dict[str, str] = {}  # of workers that are made from now on
        self.workers: dict[str, WorkerProcess] = {}

    def worker(self, name: str, environment: Mapping[str, str] | None = None) -> WorkerProcess:
        """Start the worker `name`, or start it again. Its classifier's mood is set by `mood`."""
        if name not in self.workers:
            mine = {"GEONEWS_CLASSIFIER": classifiers.SPEC, classifiers.FILE: str(self._mood_file(name))}
            mine |= {"GEONEWS_TAXONOMY": str(TAXONOMY), **self.environment, **(environment or {})}
            self.workers[name] = WorkerProcess(self.settings, f"{self.settings.namespace}-{name}", self._home, mine)
        self.workers[name].start()
        return self.workers[name]

    def mood(self, name: str, mood: str = "") -> None:
        """What the classifier of worker `name` does from its next batch on (see `classifiers`)."""
        temporary = self._mood_file(name).with_suffix(".new")
        temporary.write_text(mood)
        temporary.replace(self._mood_file(name))

    def _mood_file(self, name: str) -> Path:
        return self._home / f"{name}.mood"

    async def feed(self, count: int) -> None:
        """Put the next `count` generated records on raw."""
        await self.feeder.send(self.articles.batch(count))

    async def published(self) -> int:
        """How many events are committed by now."""
        return sum([1 async for _ in committed_records(self.settings, self.settings.channels.events)])

    async def until_published(self, more_than: int, seconds: float = 30.0) -> int:
        """Wait until more than that many events are committed; returns how many there are."""
        async with asyncio.timeout(seconds):
            while (count := await self.published()) <= more_than:  # noqa: ASYNC110 - Kafka is what is waited for
                await asyncio.sleep(0.1)
        return count

    def expected(self, is_one_of_ours: Callable[[Put], bool] = lambda _: True) -> Expected:
        """What must come of everything that was fed so far."""
        return expect(filter(is_one_of_ours, self.feeder.sent), self._classifier, self.settings.partitions)

    async def drained(self, seconds: float = 60.0) -> None:
        """Wait until no input waits for any worker."""
        await drained(self.settings, seconds)

    async def verdict(self) -> Verdict:
        """Wait until all is done and compare."""
        await self.drained()
        return await judge(self.settings, self.expected())

    def stop(self) -> None:
        """End every process; frozen ones too."""
        for worker in self.workers.values():
            with suppress(ProcessLookupError):
                worker.kill9()


@asynccontextmanager
async def new_fleet(kafka: LocalKafka, home: Path) -> AsyncIterator[Fleet]:
    """No worker yet, topics of its own; batches are small, so that faults fall between many transactions."""
    settings = make_settings(kafka.bootstrap, home).model_copy(update={"batch_records": 50})
    assert await ensure_topics(settings, TOPICS) == []
    fleet = Fleet(settings, kafka, home, classifiers.Signs())
    await fleet.feeder.start()
    try:
        yield fleet
    finally:
        fleet.stop()
        for worker in fleet.workers.values():
            print(worker.tail())  # shown when a test has failed
        await fleet.feeder.stop()
