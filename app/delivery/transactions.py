"""One transactional producer for one lane: everything that a batch leads to is committed, or nothing is."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.delivery.outbox import MAX_BATCH_BYTES, Outbox
from app.kafka.client import client_options
from app.kafka.closing import ended
from app.settings import Settings
from app.steps.outgoing import Outgoing
from schemas.channels import LETTER_MESSAGE_BYTES

# While the broker still settles the last transaction it answers NOT_ENOUGH_REPLICAS or CONCURRENT_TRANSACTIONS; the
# client's default of 100 ms before it asks again would be most of the latency of a lone article.
RETRY_BACKOFF_MS: Final = 10


class Transactions:
    """Commits batches of one lane under one transactional id; opening it fences whoever held that id before."""

    def __init__(self, settings: Settings, transactional_id: str, group: str) -> None:
        self._settings = settings
        self._group = group
        self._seconds = settings.transaction_timeout_ms / 1000
        compression = settings.kafka_compression
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            transactional_id=transactional_id,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            acks="all",
            compression_type=None if compression == "none" else compression,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=LETTER_MESSAGE_BYTES,
            request_timeout_ms=settings.transaction_timeout_ms,
            retry_backoff_ms=RETRY_BACKOFF_MS,
        )

    async def open(self) -> None:
        """Fence a previous owner and settle its open transaction. Raises KafkaError or TimeoutError."""
        async with asyncio.timeout(self._seconds):
            await self._producer.start()
            await self._settled()

    async def _settled(self) -> None:
        # start() returns before the producer id is granted; until then the previous owner is not fenced.
        sender, manager = self._producer._sender.sender_task, self._producer._txn_manager
        granted = asyncio.ensure_future(manager.wait_for_pid())
        done, _ = await asyncio.wait({sender, granted}, return_when=asyncio.FIRST_COMPLETED)
        if granted not in done:
            granted.cancel()
            sender.result()
            raise KafkaError("the producer stopped before it was granted an id")

    async def commit(
        self, records: Sequence[Outgoing], place: TopicPartition | None = None, next_offset: int = 0
    ) -> None:
        """Write `records`, and the input offset where there is an input `place`, in one transaction.

        Raises ProducerFenced when another lane holds the id now, KafkaError or TimeoutError when the outcome must be
        read from Kafka: whatever was raised, this object is of no further use but to be closed.
        """
        async with asyncio.timeout(self._seconds):
            await self._producer.begin_transaction()
            outbox = Outbox(self._producer)
            await outbox.send(records)
            if place is not None:
                offsets: dict[TopicPartition, Any] = {place: (next_offset, "")}
                await self._producer.send_offsets_to_transaction(offsets, self._group)
            await outbox.sent()
            await self._producer.commit_transaction()

    async def close(self) -> None:
        """Release the connections. An open transaction is aborted by the next owner, or by the broker in time."""
        await ended(self._producer.stop())
        await ended(self._producer.client.close())
