"""rekey: hand a raw record to the partition that its URL hashes to, so that all forms of one page meet there."""

from typing import Final

from app.steps.outgoing import Outgoing
from app.steps.records import Inbound

REKEYED_FROM: Final = "geonews.rekeyed-from"


def rekeyed(record: Inbound, home: int) -> Outgoing:
    """`record` for partition `home` of its own topic: key, value and timestamp untouched, a header says whence."""
    headers = [header for header in record.headers if header[0] != REKEYED_FROM]
    headers.append((REKEYED_FROM, f"{record.topic}-{record.partition}@{record.offset}".encode()))
    return Outgoing(record.topic, record.key, record.value, headers, home, record.timestamp)
