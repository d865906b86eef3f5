"""The raw producer: the one way in which geonews itself puts articles on the raw topic."""

import asyncio
import contextlib
import random
import time
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from app import tracing
from app.errors import KafkaUnavailable, SourceError
from app.kafka.client import bootstrap_servers, client_options
from app.metrics import INGESTED
from app.settings import Settings
from app.sources.base import Item, Source
from app.steps.identity import canonical_url, home_partition, url_key
from schemas.channels import RAW_MESSAGE_BYTES

_log = structlog.get_logger(__name__)
_LINGER_MS = 5
_BATCH_BYTES = 256 * 1024
_START_SECONDS = 20.0


class Tally:
    """What became of the articles of one source: acknowledged by Kafka (`sent`), too large for it, or still waiting."""

    def __init__(self) -> None:
        self.sent = 0
        self.sent_bytes = 0
        self.refused = 0
        self.waiting = 0
        self.idle = asyncio.Event()

    def enter(self) -> None:
        """One more article waits for Kafka."""
        self.waiting += 1
        self.idle.clear()

    def leave(self) -> None:
        """One article waits no longer."""
        self.waiting -= 1
        if not self.waiting:
            self.idle.set()


class RawProducer:
    """Idempotent producer to the raw topic; an article counts as sent only once all in-sync replicas have it.

    At most `max_in_flight` articles wait for Kafka at any time (and 256 KiB per partition): a source
    that is faster than Kafka is held back.
    """

    def __init__(self, settings: Settings, *, max_in_flight: int = 5000, stall_seconds: float = 60.0) -> None:
        self._settings = settings
        self._topic = settings.channels.raw
        self._stall_seconds = stall_seconds
        self._slots = asyncio.Semaphore(max_in_flight)
        self._failure: KafkaUnavailable | None = None
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        """Connect. Raises KafkaUnavailable when no broker answers or the raw topic is missing."""
        compression = self._settings.kafka_compression
        self._producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=True,
            compression_type=None if compression == "none" else compression,
            linger_ms=_LINGER_MS,
            max_batch_size=_BATCH_BYTES,
            max_request_size=RAW_MESSAGE_BYTES,
        )
        where = bootstrap_servers(self._settings)
        tracing.start(self._settings)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            await self._close()
            raise KafkaUnavailable(f"no broker answers at {where}: {error or 'timed out'}") from error
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._producer.partitions_for(self._topic)
        except (KafkaError, TimeoutError) as error:
            await self._close()
            raise KafkaUnavailable(
                f"topic {self._topic} does not exist at {where}: run `geonews topics create`"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def publish(self, source: Source, tally: Tally | None = None) -> None:
        """Put every article of a source; returns when the source has ended and Kafka has all of them.

        Raises KafkaUnavailable when Kafka stops acknowledging, and the source's own SourceError once what came before
        it has been acknowledged.
        """
        tally = tally or Tally()
        async with contextlib.aclosing(source.items()) as items:
            try:
                async for item in items:
                    await self._put(item, source.kind, tally)
            except SourceError:
                await self._settle(tally)
                raise
        await self._settle(tally)

    async def _put(self, item: Item, kind: str, tally: Tally) -> None:
        """Send one article; returns when it is queued. Raises KafkaUnavailable, also for an earlier article's sake."""
        if self._failure:
            raise self._failure
        await self._slots.acquire()
        tally.enter()
        traceparent, began = new_traceparent(), time.time() * 1000
        settled = partial(self._settled, item, kind, tally)
        try:
            key, partition = await self._home(item.url)
            headers = [("traceparent", traceparent)]
            future = await self._producer.send(self._topic, item.value, key=key, partition=partition, headers=headers)
        except (KafkaError, OSError) as error:
            settled(error)
        except BaseException:
            self._slots.release()
            tally.leave()
            raise
        else:
            future.add_done_callback(lambda done: settled(done.exception()))
            if tracing.is_on():
                future.add_done_callback(partial(_traced, traceparent, kind, item.url, began))

    async def _settle(self, tally: Tally) -> None:
        """Wait until Kafka has every article of this tally. Raises KafkaUnavailable when it stops acknowledging."""
        while not self._failure and tally.waiting:
            before = tally.sent
            try:
                async with asyncio.timeout(self._stall_seconds):
                    await tally.idle.wait()
            except TimeoutError as error:
                if tally.sent == before:
                    raise self._unavailable(error) from error
        if self._failure:
            raise self._failure

    async def _home(self, url: str | None) -> tuple[bytes | None, int | None]:
        """Key and partition of an article; (None, None), any partition, where its URL is no URL."""
        try:
            identity = url_key(canonical_url(url)) if url else None
        except ValueError:
            identity = None
        if identity is None:
            return None, None
        partitions = len(await self._producer.partitions_for(self._topic))
        return identity.hex().encode(), home_partition(identity, partitions)

    def _settled(self, item: Item, kind: str, tally: Tally, error: BaseException | None) -> None:
        self._slots.release()
        tally.leave()
        if isinstance(error, MessageSizeTooLargeError):
            tally.refused += 1
            _log.warning("article is too large", url=item.url, bytes=len(item.value), most=RAW_MESSAGE_BYTES)
        elif error:
            self._failure = self._unavailable(error)
        else:
            tally.sent += 1
            tally.sent_bytes += len(item.value)
            INGESTED.labels(kind).inc()
            item.acknowledged()

    def _unavailable(self, error: BaseException | None) -> KafkaUnavailable:
        why = str(error) or type(error).__name__
        return KafkaUnavailable(f"Kafka does not acknowledge articles on {self._topic}: {why}")

    async def _close(self) -> None:
        with contextlib.suppress(TimeoutError, KafkaError):
            # stop() flushes for as long as it takes: with the broker away that is for ever
            await asyncio.wait_for(self._producer.stop(), 10.0)


def _traced(traceparent: bytes, kind: str, url: str | None, began_ms: float, done: asyncio.Future[Any]) -> None:
    if not done.exception():
        tracing.ingested(traceparent, kind, url, began_ms)


def new_traceparent() -> bytes:
    """Value of a traceparent header: a new W3C trace, sampled; neither id may be zero."""
    trace = random.getrandbits(128) or 1
    span = random.getrandbits(64) or 1
    return b"00-%032x-%016x-01" % (trace, span)
