"""A lane: the exactly-once path of one input partition. State and output are committed together, or not at all."""

import asyncio
import contextlib
import random
import time
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, ProducerFenced

from app.delivery import lane_metrics as metrics
from app.delivery.agent import LaneAgent
from app.delivery.attempts import decide
from app.delivery.batches import Batches
from app.delivery.lag import Lag
from app.delivery.ledger import ledger_entry
from app.delivery.memory_store import restore, state_record
from app.delivery.progress import Progress
from app.delivery.transactions import Transactions
from app.errors import ClassifierDown
from app.health import Health
from app.kafka.client import client_options
from app.kafka.offsets import committed_offset
from app.pipeline import Path
from app.settings import Settings
from app.steps.memory import Memory, Pending
from app.steps.outgoing import Decided

log = structlog.get_logger(__name__)
_MAX_BACKOFF_SECONDS: Final = 10.0


class Lane:
    """Reads one input partition while it is assigned here; `run` until `stop`, `hold` and `resume` over a rebalance."""

    def __init__(
        self,
        agent: LaneAgent,
        place: TopicPartition,
        consumer: AIOKafkaConsumer,
        executor: Executor,
        settings: Settings,
        health: Health,
    ) -> None:
        self.place = place
        self.progress = Progress()
        self._lag = Lag(agent.name, place)
        self._agent = agent
        self._consumer = consumer
        self._executor = executor
        self._settings = settings
        self._health = health
        self._component = f"lane {agent.name} {place.partition}"
        self._stopping = False
        self._go = asyncio.Event()
        self._go.set()
        self._calm = asyncio.Event()  # no batch is in hand
        self._calm.set()
        self._wake = asyncio.Event()
        self._rebalances = 0
        self._is_down = False  # the classifier failed for everything, and has not answered since

    async def run(self) -> None:
        """Open, serve, and open again after an error, until stopped."""
        failures = 0
        # Every line that is written on behalf of this lane says which it is, those of libraries too.
        structlog.contextvars.bind_contextvars(agent=self._agent.name, partition=self.place.partition)
        try:
            while not self._stopping:
                began = time.monotonic()
                cause = await self._run_once()
                if cause is None:
                    continue
                failures = 0 if time.monotonic() - began > 2 * _MAX_BACKOFF_SECONDS else failures + 1
                metrics.restarted(self._agent.name, cause)
                await self._back_off(failures, cause)
        finally:
            self._health.gone(self._component)
            self._lag.close()

    async def _run_once(self) -> str | None:
        """Serve until stopped (None), or until an error, whose cause is returned for back-off and metrics."""
        transactions = Transactions(
            self._settings, self._agent.transactional_id(self.place.partition), self._agent.group
        )
        if not self._is_down:  # which stays the reason, until records pass again
            self._health.ill(self._component, "opening")
        try:
            await self._go.wait()
            partitions = self._partitions()
            path = self._agent.new_path(partitions)
            memory, position = await self._open(transactions, path)
            await self._serve(transactions, path, memory, position, partitions)
        except ProducerFenced:
            # Another worker owns this partition now. If the group still says that it is ours, it is taken back later.
            self._health.ill(self._component, "fenced by another worker")
            return "fenced"
        except ClassifierDown as error:
            log.error("lane stopped: nothing is wrong with its records", lane=self._component, error=str(error))
            self._is_down = True
            self._health.ill(self._component, str(error))
            return "classifier-down"
        except IllegalStateError:
            return None if self._stopping else "unassigned"
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("lane reopens from what Kafka has committed", lane=self._component, error=repr(error))
            self._health.ill(self._component, f"Kafka: {error!r}")
            return "kafka"
        except Exception as error:  # a defect: better tried again, and seen in /readyz, than a lane that is gone
            log.exception("lane failed, and is tried again: please report", lane=self._component)
            self._health.ill(self._component, f"failed: {error!r}")
            return "defect"
        finally:
            self._calm.set()
            self.progress.idle()
            await transactions.close()
        return None

    async def _open(self, transactions: Transactions, path: Path) -> tuple[Memory, int]:
        """Fence first, and only then read what is committed: offset and memory are final from here on."""
        await transactions.open()
        settings, options = self._settings, client_options(self._settings)
        window_ms = int(settings.seen_hours * 3_600_000)
        memory = Memory(window_ms, settings.seen_max_entries)
        place = TopicPartition(self._agent.state_topic, self.place.partition)
        since_ms = int(time.time() * 1000) - window_ms
        async with asyncio.timeout(settings.stall_seconds):
            position = await self._committed()
            if self._agent.restore is not None:
                await self._agent.restore(path, place, options)
            else:
                await restore(memory, place, options, path.payload_bytes, since_ms)
        self._consumer.seek(self.place, position)
        return memory, position

    async def _committed(self) -> int:
        beginning = (await self._consumer.beginning_offsets([self.place]))[self.place]
        committed = await committed_offset(self._consumer, self._agent.group, self.place)
        if committed is None:
            return int(beginning)
        if committed < beginning:
            log.error("records expired before they were read", lane=self._component, records=beginning - committed)
        return max(int(committed), int(beginning))

    def _partitions(self) -> int:
        known = self._consumer.partitions_for_topic(self.place.topic)
        if not known:
            raise KafkaError(f"the partitions of {self.place.topic} are not known yet")
        return len(known)

    async def _serve(
        self, transactions: Transactions, path: Path, memory: Memory, position: int, partitions: int
    ) -> None:
        batches = Batches(self._consumer, self.place, self._settings.batch_records, self._agent.batch_bytes)
        loop = asyncio.get_running_loop()
        if not self._is_down:
            self._health.well(self._component)
        rebalances = self._rebalances
        while not self._stopping:
            if self._rebalances != rebalances or not self._go.is_set():
                batches.forget()
                await self._go.wait()
                rebalances = self._rebalances
                if not (await self._resumed(position) and self._partitions() == partitions):
                    return
            records = await batches.next()
            if self._rebalances != rebalances:
                continue  # what was read may be another's by now
            behind = self._lag.polled(self._consumer, records)
            if not records:
                self.progress.polled(waiting=behind > 0)
                self._recovered(behind == 0)
                continue
            self._calm.clear()
            self.progress.busy()
            structlog.contextvars.bind_contextvars(offset=records[0].offset)
            pending, now = Pending(memory), datetime.now(UTC)
            work = metrics.queued(self._agent.name, decide)
            decided = await loop.run_in_executor(
                self._executor, work, path, records, pending, now, self._settings.channels.dead_letters
            )
            next_offset = records[-1].offset + 1
            await self._commit(transactions, decided, pending, (position, next_offset), path.payload_bytes)
            pending.commit()
            position = next_offset
            self._lag.committed(records, behind)
            self._calm.set()
            self.progress.idle()
            self._recovered(True)
            if self._agent.restore is None:  # a path that keeps its own state leaves this memory empty
                metrics.remembered(self._agent.name, self.place.partition, memory)

    def _recovered(self, passes: bool) -> None:
        if self._is_down and passes:
            self._is_down = False
            self._health.well(self._component)

    async def _commit(
        self, transactions: Transactions, decided: Decided, pending: Pending, offsets: tuple[int, int], width: int
    ) -> None:
        now, place = datetime.now(UTC), self.place
        records = list(decided.outgoing)
        if entries := pending.entries:
            name = f"{place.topic}-{place.partition}@{offsets[1]}"
            records.append(state_record(self._agent.state_topic, place.partition, name, entries, width))
        if self._agent.in_ledger:
            records.append(
                ledger_entry(self._settings.channels.ledger, place.topic, place.partition, offsets, decided, now)
            )
        began = time.monotonic()
        try:
            await transactions.commit(records, place, offsets[1])
        except ProducerFenced:
            metrics.aborted(self._agent.name, "fenced")
            raise
        except BaseException:
            metrics.aborted(self._agent.name, "aborted")
            raise
        metrics.committed(self._agent.name, decided, time.monotonic() - began)

    async def _resumed(self, position: int) -> bool:
        """Whether this lane may go on at `position` after a rebalance, from where it then reads."""
        if self._stopping:
            return False
        # Had another worker owned the partition meanwhile, it would have committed more: then open again.
        if await committed_offset(self._consumer, self._agent.group, self.place) not in (None, position):
            return False
        self._consumer.seek(self.place, position)
        return True

    async def _back_off(self, failures: int, cause: str) -> None:
        longest = self._settings.session_timeout_ms / 1000 if cause == "fenced" else _MAX_BACKOFF_SECONDS
        seconds = longest if cause == "fenced" else min(longest, 0.1 * 2**failures) * random.uniform(0.5, 1.0)
        self._wake.clear()
        with contextlib.suppress(TimeoutError):  # a new assignment, or the end, cuts the wait short
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def hold(self) -> None:
        """Finish the batch in hand, then wait: a rebalance has begun.

        A lane that only waits for records counts as finished: aiokafka lets no reader go before the rebalance ends.
        """
        self._rebalances += 1
        self._go.clear()
        await self._calm.wait()

    def resume(self) -> None:
        """The rebalance left this partition here."""
        self._go.set()
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stopping = True
        self._go.set()
        self._wake.set()
