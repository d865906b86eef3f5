"""Where a page of events ended, as text that any gateway understands."""

import re

PATTERN = r"^[0-9]{1,18}\.[0-9]{1,10}\.[0-9]{1,18}$"  # SQLite's whole numbers have 63 bits
_FORM = re.compile(r"([0-9]{1,18})\.([0-9]{1,10})\.([0-9]{1,18})", re.ASCII)

Order = tuple[int, int, int]


def to_cursor(order: Order) -> str:
    """The place of an event in order of time: Kafka's timestamp, partition and offset."""
    return ".".join(map(str, order))


def from_cursor(text: str) -> Order:
    """Inverse of `to_cursor`. Raises ValueError for anything else."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("is no cursor: send back `next_cursor` of the page before, unchanged")
    return int(match[1]), int(match[2]), int(match[3])
