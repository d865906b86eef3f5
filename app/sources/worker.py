"""Spreads the catalogue's sources over workers: Kafka's group assignment gives each shard to one live worker."""

import asyncio
import contextlib
import time
from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from app.errors import KafkaUnavailable, no_topic
from app.health import Health
from app.kafka.client import client_options
from app.kafka.closing import close_consumer, leave_group
from app.metrics import SHARDS, SOURCES
from app.settings import Settings
from app.sources.catalogue import Catalogue
from app.sources.fulltext import FullText
from app.sources.health import status_of
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.shard import Shard
from app.sources.shard_store import sources_of
from schemas.source_health import Status

_log = structlog.get_logger(__name__)
_STATUSES: tuple[Status, ...] = ("new", "ok", "failing", "silent", "gone")


class SourceWorker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One member of the group that polls sources. `run` until `stop`; survives brokers that come and go."""

    def __init__(
        self, catalogue: Catalogue, settings: Settings, http: HttpClient, parser: FeedParser, health: Health
    ) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._http, self._parser = http, parser
        self._health = health
        self._hosts = Hosts(settings.host_concurrency, settings.source_concurrency)
        self._texts = FullText(http, parser, self._hosts, settings.user_agent) if settings.fetch_text else None
        self._shards: dict[TopicPartition, tuple[Shard, asyncio.Task[None]]] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until `stop`; after an error of the consumer, join the group again."""
        failures = 0
        while not self._stopping.is_set():
            self._health.ill("sources", "joining the consumer group")
            try:
                await self._serve()
                failures = 0
            except (KafkaError, KafkaUnavailable, OSError) as error:
                failures += 1
                _log.warning("polling of sources starts again", why=repr(error))
                self._health.ill("sources", f"Kafka: {error!r}")
            finally:
                await self._leave()
            if not self._stopping.is_set() and failures:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), min(10.0, 0.25 * 2**failures))
        self._health.gone("sources")

    def stop(self) -> None:
        """Commit what is in hand and end `run`."""
        self._stopping.set()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Begin no fetch until it is known who polls what; the eager protocol revokes everything."""
        del revoked
        for shard, _ in self._shards.values():
            shard.pause()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Give away the shards that went elsewhere, open the new ones."""
        assigned = set(assigned)
        await self._close(set(self._shards) - assigned)
        if self._consumer and assigned:
            self._consumer.pause(*assigned)  # assignment is all that we want: shards read their partitions themselves
        shards = await self._shard_count()
        for place in assigned:
            if place in self._shards:
                self._shards[place][0].resume()
            else:
                self._open(place, shards)
        SHARDS.set(len(self._shards))
        _log.info("shards assigned", shards=sorted(p.partition for p in assigned), of=shards)
        self._health.well("sources")

    async def _serve(self) -> None:
        settings = self._settings
        consumer = self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=f"{settings.namespace}-sources",
            group_instance_id=f"sources-{settings.worker_id}",
            enable_auto_commit=False,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=int(settings.shutdown_seconds * 1000) + settings.session_timeout_ms,
        )
        await consumer.start()
        topic = settings.channels.source_state
        if topic not in await consumer.topics():
            raise no_topic(topic)
        consumer.subscribe([topic], listener=self)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.5)
            await consumer.getmany(timeout_ms=0)  # a member that never asks for records is taken for dead
            consumer._coordinator.check_errors()
            self._count()

    async def _shard_count(self) -> int:
        topic = self._settings.channels.source_state
        known = self._consumer.partitions_for_topic(topic) if self._consumer else None
        return len(known or ()) or 1

    def _open(self, place: TopicPartition, shards: int) -> None:
        mine = sources_of(self._catalogue.sources, place.partition, shards)
        shard = Shard(place, mine, self._settings, self._http, self._parser, self._hosts, self._health, self._texts)
        self._shards[place] = (shard, asyncio.create_task(shard.run(), name=f"shard {place.partition}"))

    async def _close(self, places: set[TopicPartition]) -> None:
        tasks = [self._shards.pop(place)[1] for place in places]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.shutdown_seconds)

    def _count(self) -> None:
        """Sources of this process by status."""
        now = time.time()
        statuses = [status_of(state, now) for shard, _ in self._shards.values() for state in shard.states.values()]
        for status in _STATUSES:
            SOURCES.labels(status).set(statuses.count(status))

    async def _leave(self) -> None:
        await self._close(set(self._shards))
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            if self._stopping.is_set():
                await leave_group(consumer)
            await close_consumer(consumer)
