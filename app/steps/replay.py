"""replay: a dead letter becomes the record that it was, for the partition that it came from."""

from typing import Final

from app.steps.outgoing import Outgoing
from app.steps.records import Inbound
from app.steps.rekey import REKEYED_FROM
from schemas.dead_letter import ATTEMPTS, PREFIX, REPLAYED_FROM, DeadLetterHeaders

# An article without a date is dated by its record; but a record that looks older than Kafka's retention could be
# deleted before a lane reads it.
MAX_AGE_MS: Final = 3 * 24 * 60 * 60 * 1000
_OURS: Final = frozenset({REPLAYED_FROM, ATTEMPTS, REKEYED_FROM})


def replayed(letter: Inbound, about: DeadLetterHeaders, now_ms: int) -> Outgoing:
    """The record to send: original key, value and headers, and two headers that say whence, and after how many tries.

    `now_ms` is the epoch in ms. The original timestamp is kept unless it is old, or in the future.
    """
    headers = [header for header in letter.headers if not header[0].startswith(PREFIX) and header[0] not in _OURS]
    headers.append((REPLAYED_FROM, position(letter).encode()))
    headers.append((ATTEMPTS, str(about.attempts).encode()))
    timestamp = min(max(about.timestamp, now_ms - MAX_AGE_MS), now_ms)
    return Outgoing(about.topic, letter.key, letter.value, headers, about.partition, timestamp)


def position(record: Inbound) -> str:
    """`topic-partition@offset` of a record."""
    return f"{record.topic}-{record.partition}@{record.offset}"
