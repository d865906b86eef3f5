"""Many values in one Kafka record: JSON arrays below the size limit."""

from collections.abc import Iterable, Iterator
from typing import Final

MAX_PACKED_BYTES: Final = 900_000  # below Kafka's default limit of 1 MiB for a record


def arrays(values: Iterable[bytes], most: int = MAX_PACKED_BYTES) -> Iterator[bytes]:
    """JSON arrays of these values, each JSON already, order kept; one that is too large by itself stays alone."""
    chunk: list[bytes] = []
    size = 0
    for value in values:
        if chunk and size + len(value) > most:
            yield b"[" + b",".join(chunk) + b"]"
            chunk, size = [], 0
        chunk.append(value)
        size += len(value) + 1
    if chunk:
        yield b"[" + b",".join(chunk) + b"]"
