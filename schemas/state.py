"""The packed value of `geonews.seen.v1` and `geonews.claims.v1`: all fingerprints that one transaction adds.

One Kafka record a transaction instead of one a fingerprint: see docs/decisions/0002-packed-state.md. Layout, big
endian: one byte format version (1), one byte payload width w, then for each entry 16 bytes key, w bytes payload,
8 bytes ms since the epoch.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

FORMAT: Final = 1
KEY_BYTES: Final = 16


class StateFormatError(ValueError):
    """A state record that this version cannot read."""


def pack(entries: Iterable[tuple[bytes, bytes, int]], width: int) -> bytes:
    """Packed (key, payload, at_ms) entries; every payload has `width` bytes."""
    layout = struct.Struct(f">{KEY_BYTES}s{width}sq")
    return bytes((FORMAT, width)) + b"".join(layout.pack(*entry) for entry in entries)


def unpack(value: bytes, width: int) -> Iterator[tuple[bytes, bytes, int]]:
    """(key, payload, at_ms) entries. Raises StateFormatError when `value` has another format or payload width."""
    if value[:2] != bytes((FORMAT, width)) or (len(value) - 2) % (KEY_BYTES + width + 8):
        raise StateFormatError(f"a state record of format {FORMAT} with payloads of {width} bytes was expected")
    return struct.Struct(f">{KEY_BYTES}s{width}sq").iter_unpack(value[2:])
