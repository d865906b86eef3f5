"""One line for each article, at level debug: whoever follows one through the logs greps for its trace id."""

import logging

import structlog

from app.steps.outgoing import Decided
from app.steps.trace import known_trace_id

log = structlog.get_logger(__name__)


def committed(decided: Decided) -> None:
    """Say what became of articles, once Kafka has it. Agent, partition and the batch's first offset are bound."""
    if not log.is_enabled_for(logging.DEBUG):
        return
    last = None
    for record in decided.outgoing:
        headers = dict(record.headers)
        trace_id = known_trace_id(record.headers)
        if "ce_id" in headers and trace_id != last:  # it goes to several topics
            last = trace_id
            log.debug("event published", article_id=headers["ce_id"].decode(), trace_id=trace_id)
        elif "geonews.error.reason" in headers:
            log.debug(
                "dead letter",
                reason=headers["geonews.error.reason"].decode(),
                offset=int(headers["geonews.error.offset"]),
                trace_id=trace_id,
            )
