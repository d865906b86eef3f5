"""Runs an agent's lanes in this process: joins the consumer group, opens a lane for each partition assigned."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from app import tracing
from app.delivery import lane_metrics
from app.delivery.agent import LaneAgent
from app.delivery.assignor import EveryPartitionAssignor
from app.delivery.lane import Lane
from app.delivery.turns import TakingTurns
from app.delivery.watchdog import Watchdog
from app.errors import KafkaUnavailable
from app.health import Health
from app.kafka.client import client_options
from app.kafka.closing import close_consumer, leave_group
from app.metrics import KAFKA_UP, LANES, REBALANCES
from app.settings import Settings
from schemas.channels import MIB

log = structlog.get_logger(__name__)
_STEADY_SECONDS: Final = 30.0  # who served for this long and fails has not failed in a row


class LaneWorker(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of an agent's consumer group. `run` until `stop`; survives brokers that come and go."""

    def __init__(self, agent: LaneAgent, settings: Settings, health: Health, watchdog: Watchdog) -> None:
        self._agent = agent
        self._settings = settings
        self._health = health
        self._watchdog = watchdog
        self._component = f"agent {agent.name}"
        self._executor = TakingTurns(agent.threads, agent.name)
        self._lanes: dict[TopicPartition, tuple[Lane, asyncio.Task[None]]] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._stopping = asyncio.Event()
        lane_metrics.announce(agent.name)
        tracing.start(settings)

    async def run(self) -> None:
        """Serve until `stop`; after an error of the consumer, join the group again."""
        failures = 0
        while not self._stopping.is_set():
            self._health.ill(self._component, "joining the consumer group")
            began = time.monotonic()
            try:
                await self._serve()
            except (KafkaError, KafkaUnavailable, OSError) as error:
                failures = failures + 1 if time.monotonic() - began < _STEADY_SECONDS else 1
                log.warning("consumer starts again", agent=self._agent.name, error=repr(error))
                self._health.ill(self._component, f"Kafka: {error!r}")
                KAFKA_UP.labels(self._agent.name).set(0)
            finally:
                await self._leave()
            if not self._stopping.is_set() and failures:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), min(5.0, 0.25 * 2**failures))
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._health.gone(self._component)

    async def _serve(self) -> None:
        consumer = self._consumer = self._new_consumer()
        await consumer.start()
        consumer.subscribe([self._agent.input_topic], listener=self)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.5)
            # An unrecoverable error of the group (fenced member id, no authorisation) shows nowhere else.
            consumer._coordinator.check_errors()
            LANES.labels(self._agent.name).set(len(self._lanes))
            # Heartbeats that fail take the coordinator away: no public name says so.
            KAFKA_UP.labels(self._agent.name).set(consumer._coordinator.coordinator_id is not None)

    def _new_consumer(self) -> AIOKafkaConsumer:
        settings = self._settings
        return AIOKafkaConsumer(
            **client_options(settings),
            group_id=self._agent.group,
            group_instance_id=f"{self._agent.name}-{settings.worker_id}",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(EveryPartitionAssignor,),
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=int(settings.shutdown_seconds * 1000) + settings.session_timeout_ms,
            # A slow classifier is the watchdog's business, not a reason to leave the group.
            max_poll_interval_ms=int(settings.stall_seconds * 2000) + 60_000,
            # Bounds what is buffered of a backlog; a larger record still comes, alone (KIP-74).
            max_partition_fetch_bytes=MIB,
            fetch_max_wait_ms=250,
        )

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let every lane finish its batch; those that stay here go on after the rebalance."""
        del revoked  # the eager protocol revokes everything
        lanes = [lane for lane, _ in self._lanes.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.shutdown_seconds):
                await asyncio.gather(*(lane.hold() for lane in lanes))
                return
        log.warning("a lane did not finish in time; its batch is aborted", agent=self._agent.name)
        await self._close(set(self._lanes), 0)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Open a lane for each new partition, close those that went elsewhere."""
        assigned = set(assigned)
        REBALANCES.labels(self._agent.name).inc()
        log.info("partitions assigned", agent=self._agent.name, partitions=sorted(p.partition for p in assigned))
        await self._close(set(self._lanes) - assigned, self._settings.shutdown_seconds)
        for place in assigned:
            if place in self._lanes and not self._lanes[place][1].done():
                self._lanes[place][0].resume()
            else:
                self._open(place)
        self._health.well(self._component)

    def _open(self, place: TopicPartition) -> None:
        lane = Lane(self._agent, place, self._consumer, self._executor, self._settings, self._health)
        self._watchdog.watch(self._name(place), lane.progress)
        self._lanes[place] = (lane, asyncio.create_task(lane.run(), name=self._name(place)))

    async def _close(self, places: set[TopicPartition], seconds: float) -> None:
        closing = {place: self._lanes.pop(place) for place in places}
        for lane, _ in closing.values():
            lane.stop()
        tasks = [task for _, task in closing.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds) if seconds else (set(), set(tasks))
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for place in closing:
            self._watchdog.forget(self._name(place))

    def _name(self, place: TopicPartition) -> str:
        return f"lane {self._agent.name} {place.partition}"

    async def _leave(self) -> None:
        """Close all lanes within the shutdown time, then the consumer."""
        await self._close(set(self._lanes), self._settings.shutdown_seconds)
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            if self._stopping.is_set():
                await leave_group(consumer)
            await close_consumer(consumer)

    def stop(self) -> None:
        """Finish the batches in hand and end `run`."""
        self._stopping.set()
