"""Header names that are not UTF-8: Kafka takes any bytes, and aiokafka raises for them in the middle of a partition.

Without this, one such record would stop its partition for good: no consumer of aiokafka could ever read past it.
"""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH: Final = struct.Struct(">8xi")  # a batch begins with its base offset and the length of what follows
_ERRORS: Final = "backslashreplace"


def tolerate_any() -> None:
    r"""From now on consumers of this process read such names with the bad bytes as `\xff`; anything else as before."""
    fetcher.MemoryRecords = _Records


class _Records:
    """Stands in for aiokafka's MemoryRecords, whose fetcher it is made for."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = memoryview(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        start = self._at
        self._at += _LENGTH.size + _LENGTH.unpack_from(self._data, start)[0]
        return _Batch(batch, self._data[start : self._at]) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch that aiokafka reads for as long as it can; the rest is read by its slower parser, which can be taught."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from islice(_TolerantBatch(self._data), read, None)


class _TolerantBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _TolerantBytes(self._buffer)


class _TolerantBytes(bytearray):
    """Bytes whose parts decode without errors."""

    def __getitem__(self, item: Any) -> Any:
        part = super().__getitem__(item)
        return _TolerantBytes(part) if isinstance(item, slice) else part

    def decode(self, encoding: str = "utf-8", _errors: str = _ERRORS) -> str:
        return super().decode(encoding, _ERRORS)
