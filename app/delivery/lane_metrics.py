"""What a lane tells Prometheus. Counters move only when a transaction has committed."""

import time
from collections.abc import Callable
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from app import metrics, tracing
from app.delivery import lane_logs
from app.steps.memory import Memory
from app.steps.outgoing import Decided, Outcome, Published
from app.steps.trace import trace_id
from schemas.dead_letter import ARTICLE_REASONS, Reason, Stage

P = ParamSpec("P")
T = TypeVar("T")


def announce(agent: str) -> None:
    """Name an agent's counters before they count: of one that begins at 1, Prometheus never sees the increase."""
    for result in ("committed", "aborted", "fenced"):
        metrics.TRANSACTIONS.labels(agent, result)
    for outcome in Outcome:
        metrics.ARTICLES.labels(agent, outcome.value)
    for cause in ("kafka", "fenced", "unassigned", "classifier-down", "defect"):
        metrics.LANE_RESTARTS.labels(agent, cause)
    for counter in (metrics.REBALANCES, metrics.SEEN_EVICTED):
        counter.labels(agent)
    for reason in ARTICLE_REASONS:
        metrics.DEAD_LETTERS.labels(Stage.VALIDATE.value, reason.value)
    for stage in Stage:
        metrics.DEAD_LETTERS.labels(stage.value, Reason.STEP_FAILED.value)


def queued(agent: str, call: Callable[P, T]) -> Callable[P, T]:
    """`call`, which notes how long it waited for a thread since now."""
    since, context = time.monotonic(), copy_context()

    def begin(*args: P.args, **kwargs: P.kwargs) -> T:
        metrics.QUEUE_SECONDS.labels(agent).observe(time.monotonic() - since)
        return context.run(call, *args, **kwargs)  # what is logged there says which lane it is about

    return begin


def committed(agent: str, decided: Decided, seconds: float) -> None:
    """A transaction committed after `seconds`."""
    metrics.TRANSACTIONS.labels(agent, "committed").inc()
    metrics.TRANSACTION_SECONDS.labels(agent).observe(seconds)
    metrics.BATCH_RECORDS.labels(agent).observe(sum(decided.outcomes.values()))
    for outcome, count in decided.outcomes.items():
        metrics.ARTICLES.labels(agent, outcome.value).inc(count)
    for (stage, reason), count in decided.dead.items():
        metrics.DEAD_LETTERS.labels(stage.value, reason.value).inc(count)
    for stage, spent in decided.seconds.items():
        metrics.STAGE_SECONDS.labels(stage.value).observe(spent)
    tracing.published(decided)
    lane_logs.committed(decided)
    now_ms = time.time() * 1000
    for event in decided.published:
        _published(event, now_ms)


def _published(event: Published, now_ms: float) -> None:
    # An exemplar is shown where OpenMetrics is asked for: from a slow bucket to the trace of one article in it.
    exemplar = {"trace_id": trace_id(event.origin)} if event.origin else None
    metrics.EVENT_AGE_SECONDS.observe(max(0.0, (now_ms - event.published_ms) / 1000), exemplar)
    metrics.PROCESSING_SECONDS.observe(max(0.0, (now_ms - event.received_ms) / 1000), exemplar)
    for topic in event.topics:
        metrics.EVENTS_OUT.labels(topic).inc()


def aborted(agent: str, result: str) -> None:
    """A transaction ended without commit: `result` is aborted or fenced."""
    metrics.TRANSACTIONS.labels(agent, result).inc()


def restarted(agent: str, cause: str) -> None:
    """A lane opens again, because of `cause`."""
    metrics.LANE_RESTARTS.labels(agent, cause).inc()


def remembered(agent: str, partition: int, memory: Memory) -> None:
    """How much a lane remembers; what it had to forget early is counted once."""
    metrics.SEEN_ENTRIES.labels(agent, str(partition)).set(len(memory))
    if memory.evicted:
        metrics.SEEN_EVICTED.labels(agent).inc(memory.evicted)
        memory.evicted = 0
