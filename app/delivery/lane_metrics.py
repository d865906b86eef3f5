"""What a lane tells Prometheus. Counters move only when a transaction has committed."""

import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from app import metrics
from app.steps.memory import Memory
from app.steps.outgoing import Decided
from app.steps.records import Inbound


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
    now_ms = time.time() * 1000
    for event in decided.published:
        metrics.EVENT_AGE_SECONDS.observe(max(0.0, (now_ms - event.published_ms) / 1000))
        metrics.PROCESSING_SECONDS.observe(max(0.0, (now_ms - event.received_ms) / 1000))
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


def lag(agent: str, consumer: AIOKafkaConsumer, place: TopicPartition, records: Sequence[Inbound]) -> int:
    """Set a partition's lag, in records and in seconds, after a poll; returns it in records."""
    end = consumer.last_stable_offset(place) or consumer.highwater(place) or 0
    position = records[-1].offset + 1 if records else _position(consumer, place)
    waiting = max(0, end - position)
    metrics.LAG_RECORDS.labels(agent, str(place.partition)).set(waiting)
    if records:
        age = max(0.0, time.time() - records[-1].timestamp / 1000)
        metrics.LAG_SECONDS.labels(agent, str(place.partition)).set(age if waiting else 0.0)
    elif not waiting:
        metrics.LAG_SECONDS.labels(agent, str(place.partition)).set(0.0)
    return waiting


def _position(consumer: AIOKafkaConsumer, place: TopicPartition) -> int:
    # The public position() is a coroutine that may go to the network; after a poll the value is at hand.
    state = consumer._subscription.subscription.assignment.state_value(place)
    return state.position if state is not None and state.has_valid_position else 0
