"""From Kafka into the ring and the index, for as long as the gateway runs; a lost broker is waited for."""

import asyncio
import time
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from app import tracing
from app.errors import GeonewsError
from app.gateway.health import HealthBoard
from app.gateway.index import Index
from app.gateway.item import Item, decode_any
from app.gateway.position import STREAMED, Place, log_id
from app.gateway.reach import Wanted, read_window
from app.gateway.reader import LogTruncated, Records, TopicReader, by_time, open_reader
from app.gateway.store import Store
from app.metrics import GATEWAY_EVENTS, GATEWAY_SKIPPED
from app.settings import Settings

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
LOAD_PIECE = 250  # records decoded before requests get their turn
HEALTH_RECORDS = 20_000  # how far back the health of sources is looked for
_log = structlog.get_logger(__name__)


class Follower:
    """Fills the ring and the index: first with the recent window, then with what comes.

    `problem` says why they may be behind; None while all is well.
    """

    def __init__(self, settings: Settings, store: Store, index: Index, health: HealthBoard) -> None:
        self._settings = settings
        channels = settings.channels
        self._channels = {channels.events: 0, channels.stories: 1, channels.alerts: 2}
        self._health_topic = channels.sources
        self._store = store
        self._index = index
        self._health = health
        self._offsets: dict[TopicPartition, int] = {}
        self.problem: str | None = "has not reached Kafka yet"
        self._failures = 0

    def reasons(self) -> list[str]:
        """Why the gateway is not ready; empty when it is."""
        reasons = [] if self.problem is None else [f"kafka: {self.problem}"]
        if not self._store.loaded:
            reasons.append("window: recent records are still being read")
        return reasons

    async def run(self) -> None:
        """Never ends by itself: every failure of the broker is reported and tried again."""
        while True:
            try:
                async with open_reader(self._settings, [*self._channels, self._health_topic]) as reader:
                    await self._follow(reader)
            except LogTruncated as error:
                self._store.reset("", {})
                self._store.on_change()
                self._failed(error)
            except (KafkaError, GeonewsError, OSError) as error:
                self._failed(error)
            await asyncio.sleep(RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1])

    def _failed(self, error: Exception) -> None:
        silent = "the broker does not answer" if isinstance(error, TimeoutError) else type(error).__name__
        problem = str(error) or silent
        self._failures += 1
        if problem != self.problem:
            _log.warning("gateway cannot follow Kafka, will try again", reason=problem)
        self.problem = problem

    async def _follow(self, reader: TopicReader) -> None:
        log = log_id(reader.cluster, self._settings.namespace)
        if not self._store.loaded or self._store.log != log:
            await self._load(reader, log)
        async for records in reader.follow(self._offsets):
            if self.problem is not None:
                _log.info("gateway follows Kafka", records=len(self._store))
                self.problem, self._failures = None, 0
            self._take(records)

    async def _load(self, reader: TopicReader, log: str) -> None:
        """Read the window of every channel, then take it in by time."""
        since_ms = int((time.time() - self._settings.gateway_window_hours * 3600) * 1000)
        wanted = dict.fromkeys(self._channels, Wanted(self._settings.gateway_window, since_ms))
        window = await read_window(reader, wanted | {self._health_topic: Wanted(HEALTH_RECORDS)})
        self._offsets = dict(window.ends)
        self._store.reset(log, {self._place(p): o for p, o in window.floors.items() if p.topic in self._channels})
        self._index.reset()
        merged = by_time(window.records)
        for start in range(0, len(merged), LOAD_PIECE):
            self._take(merged[start : start + LOAD_PIECE])
            await asyncio.sleep(0)
        self._index.put([], self._store.position)  # an empty window has a position too
        await self._index.flushed()
        self._store.set_loaded()
        self._store.on_change()

    def _place(self, place: TopicPartition) -> Place:
        return self._channels[place.topic], place.partition

    def _take(self, records: Records) -> None:
        taken: list[Item] = []
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._offsets[place] = max(record.offset + 1, self._offsets.get(place, 0))
            if record.topic == self._health_topic:
                self._health.take(record.key, record.value)
            elif item := self._decode(record):
                taken.append(item)
                GATEWAY_EVENTS.labels(item.kind).inc()
                if self._store.loaded and tracing.is_on():  # the window at the start was delivered long ago
                    tracing.delivered(record.headers, record.timestamp)
        if taken:
            self._index.put(taken, self._store.position)
            if self._store.loaded:
                self._store.on_change()

    def _decode(self, record: Any) -> Item | None:
        """Into the ring with it; None for what is no record of ours."""
        channel = self._channels[record.topic]
        item = decode_any(channel, record.partition, record.offset, record.timestamp, record.value)
        if item is None:
            if record.value is not None:  # a tombstone says nothing wrong
                GATEWAY_SKIPPED.labels(STREAMED[channel]).inc()
            return None
        if item.place not in self._store.positions:
            self._store.add_partitions({item.place: 0})  # a new partition is read from its beginning
        self._store.append(item.listed())
        return item
