"""Batches of a lane are bounded by bytes as well as by records."""

from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from app.delivery.batches import MAX_BYTES, Batches

PLACE = TopicPartition("raw", 0)


class _Consumer:
    """Hands out prepared fetches: what is tested is the slicing, not Kafka."""

    def __init__(self, *sizes: int) -> None:
        self._records = [_record(offset, size) for offset, size in enumerate(sizes)]

    async def getmany(self, *_: Any, **__: Any) -> dict[TopicPartition, list[Any]]:
        records, self._records = self._records, []
        return {PLACE: records} if records else {}


def _record(offset: int, size: int) -> Any:
    value = bytes(size)
    return ConsumerRecord("raw", 0, offset, 0, 0, None, value, None, -1, size, ())


async def _offsets(batches: Batches) -> list[list[int]]:
    found = []
    while batch := await batches.next():
        found.append([record.offset for record in batch])
    return found


async def test_large_records_are_spread_over_batches_in_order() -> None:
    half = MAX_BYTES // 2
    batches = Batches(_Consumer(half, half, 1, MAX_BYTES + 1, 10, 10), PLACE, 500)
    assert await _offsets(batches) == [[0, 1], [2], [3], [4, 5]]


async def test_what_was_read_ahead_is_forgotten_on_demand() -> None:
    batches = Batches(_Consumer(MAX_BYTES, MAX_BYTES), PLACE, 500)
    assert [record.offset for record in await batches.next()] == [0]
    batches.forget()
    assert await batches.next() == []
