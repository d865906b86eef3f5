"""Records of one input partition, in batches bounded by count and by bytes."""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.steps.records import Inbound
from schemas.channels import MIB

_POLL_MS: Final = 500
# Hundreds of the largest articles in one batch would outlast the patience of the watchdog, and fill the memory.
MAX_BYTES: Final = 8 * MIB


class Batches:
    """Reads `place` through a consumer that others share. After a seek, `forget` what was read ahead."""

    def __init__(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, max_records: int, max_bytes: int = MAX_BYTES
    ) -> None:
        self._consumer = consumer
        self._place = place
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._ahead: list[Inbound] = []

    async def next(self) -> list[Inbound]:
        """The next records in order, at least one of them however large; empty when none came for half a second."""
        if not self._ahead:
            fetched = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS, max_records=self._max_records)
            self._ahead = [_inbound(record) for record in fetched.get(self._place, [])]
        count = _fitting(self._ahead, self._max_bytes)
        batch, self._ahead = self._ahead[:count], self._ahead[count:]
        return batch

    def forget(self) -> None:
        """Drop what was read ahead."""
        self._ahead = []


def _fitting(records: list[Inbound], max_bytes: int) -> int:
    """How many of `records` fit into one batch."""
    size = 0
    for count, record in enumerate(records):
        size += len(record.value or b"")
        if size > max_bytes:
            return max(1, count)
    return len(records)


def _inbound(record: Any) -> Inbound:
    return Inbound(
        record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, record.headers
    )
