"""From Kafka into the store, for as long as the gateway runs; a lost broker is waited for."""

import asyncio
from math import ceil

import structlog
from aiokafka.errors import KafkaError

from app.errors import GeonewsError
from app.gateway.item import decode
from app.gateway.reader import LogTruncated, Records, TopicReader, by_time, open_reader
from app.gateway.store import Store
from app.metrics import GATEWAY_EVENTS, GATEWAY_SKIPPED
from app.settings import Settings

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
_log = structlog.get_logger(__name__)


class Follower:
    """Fills the store: first with the recent window, then with what comes.

    `problem` says why the store may be behind; None while all is well.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._topic = settings.channels.events
        self._store = store
        self.problem: str | None = "has not reached Kafka yet"
        self._failures = 0

    def reasons(self) -> list[str]:
        """Why the gateway is not ready; empty when it is."""
        reasons = [] if self.problem is None else [f"kafka: {self.problem}"]
        if not self._store.loaded:
            reasons.append("window: recent events are still being read")
        return reasons

    async def run(self) -> None:
        """Never ends by itself: every failure of the broker is reported and tried again."""
        while True:
            try:
                async with open_reader(self._settings, self._topic) as reader:
                    await self._follow(reader)
            except LogTruncated as error:
                self._store.reset("", {})
                self._store.wake()
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
        if not self._store.loaded or self._store.log != reader.log:
            await self._load(reader)
        async for records in reader.follow(self._store.positions):
            if self.problem is not None:
                _log.info("gateway follows Kafka", topic=self._topic, events=len(self._store))
                self.problem, self._failures = None, 0
            self._take(records)

    async def _load(self, reader: TopicReader) -> None:
        """Read the window: the last events of all partitions together, as many as the store holds."""
        partitions = await reader.partitions()
        beginnings, ends = await reader.beginnings(partitions), await reader.ends(partitions)
        # Transaction markers take offsets too, and partitions differ in size: reach back until there is enough.
        floors, found = dict(ends), dict[int, Records]({partition: [] for partition in partitions})
        reach = ceil(2 * self._store.capacity / len(partitions))
        while sum(map(len, found.values())) < self._store.capacity and floors != beginnings:
            lower = {p: max(beginnings[p], ends[p] - reach) for p in partitions}
            reader.seek({p: lower[p] for p in partitions if lower[p] < floors[p]})
            older = await reader.until({p: floors[p] for p in partitions if lower[p] < floors[p]})
            found = {p: older.get(p, []) + found[p] for p in partitions}
            floors, reach = lower, reach * 4
        self._store.reset(reader.log, floors)
        self._take(by_time(found))
        self._store.loaded = True
        self._store.wake()

    def _take(self, records: Records) -> None:
        taken = 0
        for record in records:
            if record.partition not in self._store.positions:
                self._store.add_partitions({record.partition: 0})  # a new partition is read from its beginning
            item = decode(record.partition, record.offset, record.timestamp, record.value)
            if item is None:
                GATEWAY_SKIPPED.inc()
                continue
            self._store.append(item)
            taken += 1
        if taken:
            GATEWAY_EVENTS.inc(taken)
            self._store.wake()
