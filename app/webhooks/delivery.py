"""One webhook's alerts, in the order of each partition: offered until taken, or until they are dead letters.

At least once: the offset is committed after the webhook has answered. A message that is sent twice has the same id.
That a webhook is gone (410) is a note beside the group's committed offsets, which a worker that starts reads.
"""

import asyncio
import random
from hashlib import blake2b
from typing import Any, Final

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.delivery.agent import group_name
from app.errors import KafkaUnavailable, WebhookError
from app.health import Health
from app.kafka.client import client_options
from app.kafka.closing import close_consumer, ended
from app.kafka.offsets import committed
from app.metrics import DEAD_LETTERS, WEBHOOKS
from app.settings import Settings
from app.webhooks.config import Webhook
from app.webhooks.message import Message
from app.webhooks.sender import Sender
from schemas.channels import LETTER_MESSAGE_BYTES
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage

log = structlog.get_logger(__name__)
WEBHOOK_HEADER: Final = "geonews.webhook"
_LONGEST_WAIT: Final = 600.0
_LONGEST_ASKED: Final = 3600.0  # of what a Retry-After may ask for
_RESTART_SECONDS: Final = 5.0


class Delivery:
    """Serves one webhook, in a consumer group of its own, so that a slow one delays no other. `run` until `stop`."""

    def __init__(self, webhook: Webhook, settings: Settings, health: Health, sender: Sender) -> None:
        self._webhook = webhook
        self._settings = settings
        self._health = health
        self._sender = sender
        self._group = group_name(settings, f"webhooks-{webhook.name}")
        self._component = f"webhook {webhook.name}"
        self._stopping = asyncio.Event()
        self._is_gone = False
        # Of the address, which may be a secret itself: another one is asked anew.
        self._gone_note = f"gone {blake2b(webhook.url.encode(), digest_size=16).hexdigest()}"
        for result in ("delivered", "failed", "dead-lettered", "not-wanted"):
            WEBHOOKS.labels(webhook.name, result)

    def stop(self) -> None:
        """End `run` after the attempt under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until stopped, or until the webhook says that it is gone; Kafka may come and go."""
        while not self._stopping.is_set():
            try:
                await self._serve()
            except (KafkaError, KafkaUnavailable, OSError, TimeoutError) as error:
                log.warning("webhook starts again", webhook=self._webhook.name, error=repr(error))
                self._health.ill(self._component, f"Kafka: {error!r}")
                await self._pause(_RESTART_SECONDS)
        self._health.gone(self._component)

    async def _serve(self) -> None:
        options = client_options(self._settings)
        consumer = AIOKafkaConsumer(
            self._settings.channels.alerts,
            **options,
            group_id=self._group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="latest",  # nobody wants to be alarmed about last month
            max_poll_interval_ms=24 * 3_600_000,  # a receiver that is down is no reason to leave the group
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.heartbeat_interval_ms,
        )
        producer = AIOKafkaProducer(
            **options, enable_idempotence=True, acks="all", max_request_size=LETTER_MESSAGE_BYTES
        )
        try:
            await consumer.start()
            await producer.start()
            self._health.well(self._component)
            known: set[TopicPartition] = set()
            while not self._stopping.is_set():
                known = await self._hold_places(consumer, known)
                if self._is_gone:
                    return await self._end(consumer, {})
                found = await consumer.getmany(timeout_ms=500, max_records=1)
                for place, records in found.items():
                    for record in records:
                        if not await self._offer(record, producer):
                            return await self._end(consumer, {place: record.offset}) if self._is_gone else None
                        await consumer.commit({place: record.offset + 1})
        finally:
            await close_consumer(consumer)
            await ended(producer.stop())

    async def _hold_places(self, consumer: AIOKafkaConsumer, known: set[TopicPartition]) -> set[TopicPartition]:
        """Commit where a new webhook begins, or what comes while it is restarted would be passed over.

        Sees whether this address was gone before: told to another worker, or to one that ran earlier.
        """
        assigned: set[TopicPartition] = consumer.assignment()
        for place in assigned - known:
            offset, note = await committed(consumer, self._group, place)
            if offset is None:
                await consumer.commit({place: await consumer.position(place)})
            self._is_gone = self._is_gone or note == self._gone_note
        return set(assigned)

    async def _offer(self, record: Any, producer: AIOKafkaProducer) -> bool:
        """Whether the record is done with: delivered, not wanted, or a dead letter."""
        name = self._webhook.name
        try:
            alert = orjson.loads(record.value)
            wanted = self._webhook.wants(alert)
            message = Message.of(alert, record.partition, record.offset)
        except (ValueError, TypeError, KeyError, AttributeError):
            wanted = False  # no alert of ours
        if not wanted:
            WEBHOOKS.labels(name, "not-wanted").inc()
            return True
        for tried in range(1, self._settings.webhook_tries + 1):
            try:
                await self._sender.send(self._webhook, message)
            except WebhookError as error:
                WEBHOOKS.labels(name, "failed").inc()
                last = error
            else:
                WEBHOOKS.labels(name, "delivered").inc()
                self._health.well(self._component)
                return True
            if last.gone:
                self._is_gone = True
                return False  # it waits, as those after it do, for another address
            log.warning("webhook did not take an alert", webhook=name, tried=tried, error=str(last))
            if tried < self._settings.webhook_tries:
                await self._pause(self._wait(tried, last.retry_after))
            if self._stopping.is_set():
                return False  # offered again after the restart
        await self._bury(record, last, producer)
        return True

    def _wait(self, tried: int, asked: float | None) -> float:
        """Seconds before the next try: what was asked for, or an exponential back-off with full jitter."""
        longest = min(_LONGEST_WAIT, self._settings.webhook_backoff_seconds * 2 ** (tried - 1))
        jittered = random.uniform(longest / 10, longest)
        return jittered if asked is None else min(_LONGEST_ASKED, asked) + random.uniform(0, longest / 10)

    async def _end(self, consumer: AIOKafkaConsumer, unsent: dict[TopicPartition, int]) -> None:
        """410: it wants nothing more. Note that beside every partition here, at `unsent` where an alert is in hand."""
        for place in consumer.assignment():
            offset = unsent[place] if place in unsent else await consumer.position(place)
            await consumer.commit({place: (offset, self._gone_note)})
        log.error("webhook is gone (410): nothing is sent until its url changes", webhook=self._webhook.name)
        self._stopping.set()

    async def _bury(self, record: Any, error: WebhookError, producer: AIOKafkaProducer) -> None:
        about = DeadLetterHeaders(
            stage=Stage.WEBHOOKS,
            reason=Reason.UNDELIVERED,
            error_class=type(error).__name__,
            message=f"{self._webhook.name}: {error}",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            attempts=self._settings.webhook_tries,
        )
        headers = [*record.headers, *about.to_headers(), (WEBHOOK_HEADER, self._webhook.name.encode())]
        letters = self._settings.channels.dead_letters
        await producer.send_and_wait(letters, record.value, key=record.key, headers=headers)
        DEAD_LETTERS.labels(Stage.WEBHOOKS.value, Reason.UNDELIVERED.value).inc()
        WEBHOOKS.labels(self._webhook.name, "dead-lettered").inc()
        log.error("webhook did not take an alert: a dead letter", webhook=self._webhook.name, error=str(error))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
