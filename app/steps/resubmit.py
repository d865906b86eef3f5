"""resubmit: an article that was irrelevant goes to its lane once more, because the taxonomy has changed."""

from collections.abc import Iterable
from typing import Final

from app.steps.outgoing import Outgoing
from app.steps.records import Inbound
from app.steps.rekey import REKEYED_FROM

RESUBMITTED: Final = "geonews.reclassified-for"  # the model that finds it relevant
# On every record that reclassification writes to event channels itself, with the model's name: the audit accounts for
# what lanes write, and passes these over.
CORRECTED: Final = "geonews.corrected-by"
# A record that looks older than Kafka's retention could be deleted before its lane reads it.
MAX_AGE_MS: Final = 3 * 24 * 60 * 60 * 1000


def resubmitted(record: Inbound, model: str, now_ms: int) -> Outgoing:
    """`record` for its own topic and partition: key and value untouched, a header says for which model."""
    headers = [header for header in record.headers if header[0] not in (RESUBMITTED, REKEYED_FROM)]
    headers.append((RESUBMITTED, model.encode()))
    timestamp = min(max(record.timestamp, now_ms - MAX_AGE_MS), now_ms)
    return Outgoing(record.topic, record.key, record.value, headers, record.partition, timestamp)


def resubmitted_for(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """The model for which a record was sent back, or None for one that comes for the first time."""
    for name, value in headers:
        if name == RESUBMITTED and value is not None:
            return value.decode("utf-8", "replace")
    return None
