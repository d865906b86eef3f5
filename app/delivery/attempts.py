"""One poisoned record never takes others with it: a batch that fails is tried again record by record."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from app.errors import ClassifierDown
from app.pipeline import Path
from app.steps.memory import Pending
from app.steps.outgoing import Decided
from app.steps.records import Inbound
from app.steps.rejected import Rejected
from app.steps.trace import known_trace_id
from schemas.dead_letter import Reason

log = structlog.get_logger(__name__)


def decide(path: Path, records: Sequence[Inbound], memory: Pending, now: datetime, dead_letters: str) -> Decided:
    """What `records` lead to; a record at which a step fails by itself becomes a dead letter of topic `dead_letters`.

    Raises ClassifierDown, and leaves `memory` as it was, when it is not the record's fault.
    """
    attempt = memory.nested()
    try:
        decided = path.decide(records, attempt, now)
    except Exception as error:  # any defect of a step: find out whose fault it is
        log.warning(
            "batch failed, trying its records one by one", stage=path.stage, records=len(records), error=repr(error)
        )
        return _one_by_one(path, records, memory, now, dead_letters)
    memory.absorb(attempt)
    return decided


def _one_by_one(path: Path, records: Sequence[Inbound], memory: Pending, now: datetime, dead_letters: str) -> Decided:
    decided = Decided()
    together = memory.nested()
    for record in records:
        attempt = together.nested()
        try:
            decided.add(path.decide([record], attempt, now))
        except Exception as error:  # this record's own, unless the path is down
            if not path.is_up():
                raise ClassifierDown(f"the classifier answers for nothing: {error!r}") from error
            why = Rejected(path.stage, Reason.STEP_FAILED, repr(error)[:500], type(error).__name__)
            log.error(
                "a step fails for this record alone: it becomes a dead letter, please report",
                partition=record.partition,
                offset=record.offset,
                trace_id=known_trace_id(record.headers),
                stage=path.stage,
                error=repr(error),
            )
            decided.dead_letter(dead_letters, record, why, attempts=2)
        else:
            together.absorb(attempt)
    memory.absorb(together)
    return decided
