"""The ledger record of one transaction: what came in and what became of it."""

from datetime import datetime

import orjson

from app.steps.enrich import rfc3339
from app.steps.outgoing import Decided, Outcome, Outgoing


def ledger_entry(
    ledger: str, topic: str, partition: int, offsets: tuple[int, int], decided: Decided, now: datetime
) -> Outgoing:
    """The record for topic `ledger`; `offsets` are (committed before, committed by this transaction)."""
    counts = {outcome.value: decided.outcomes[outcome] for outcome in Outcome}
    rekeyed = counts.pop(Outcome.REKEYED.value)
    value = {
        "topic": topic,
        "partition": partition,
        "first_offset": offsets[0],
        "next_offset": offsets[1],
        "records": sum(counts.values()),
        **counts,
        "rekeyed": rekeyed,
        "at": rfc3339(now),
    }
    return Outgoing(ledger, f"{topic}-{partition}".encode(), orjson.dumps(value), [])
