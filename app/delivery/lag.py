"""How far one lane is behind, in records and in seconds: told so that a lane which stands still cannot look well."""

import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from app import metrics
from app.steps.records import Inbound

_GAUGES: Final = (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.PROGRESS_TIMESTAMP, metrics.SEEN_ENTRIES)


class Lag:
    """The lag of `place` while it is assigned here: from what is committed, so records in hand count as waiting."""

    def __init__(self, agent: str, place: TopicPartition) -> None:
        self._labels = (agent, str(place.partition))
        self._place = place
        self._oldest_ms: int | None = None  # timestamp of the oldest record known to wait
        self._is_known = False

    def polled(self, consumer: AIOKafkaConsumer, records: Sequence[Inbound]) -> int:
        """A poll brought `records`, which are not committed yet; returns how many more wait behind them."""
        if not self._is_known:  # before the first poll nothing is known, and nothing is said
            self._is_known = True
            # Asked at every scrape: a gauge that is set would stand still together with its lane.
            metrics.LAG_SECONDS.labels(*self._labels).set_function(self._seconds)
            self._moved()
        behind = max(0, _end(consumer, self._place) - _position(consumer, self._place, records))
        metrics.LAG_RECORDS.labels(*self._labels).set(behind + len(records))
        if records:
            self._oldest_ms = records[0].timestamp
        elif not behind:
            self._oldest_ms = None
            self._moved()
        return behind

    def committed(self, records: Sequence[Inbound], behind: int) -> None:
        """`records` are committed; `behind` records waited behind them when they were read."""
        metrics.LAG_RECORDS.labels(*self._labels).set(behind)
        # The next one is at most as old as the last of these; its own timestamp comes with the next poll.
        self._oldest_ms = records[-1].timestamp if behind else None
        self._moved()

    def close(self) -> None:
        """The partition goes elsewhere: what is said of it here would be read as if it were still so."""
        for gauge in _GAUGES:
            gauge.remove(*self._labels)

    def _moved(self) -> None:
        metrics.PROGRESS_TIMESTAMP.labels(*self._labels).set_to_current_time()

    def _seconds(self) -> float:
        oldest = self._oldest_ms
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)


def _end(consumer: AIOKafkaConsumer, place: TopicPartition) -> int:
    return consumer.last_stable_offset(place) or consumer.highwater(place) or 0


def _position(consumer: AIOKafkaConsumer, place: TopicPartition, records: Sequence[Inbound]) -> int:
    if records:
        return records[-1].offset + 1
    # The public position() is a coroutine that may go to the network; after a poll the value is at hand.
    state = consumer._subscription.subscription.assignment.state_value(place)
    return state.position if state is not None and state.has_valid_position else 0
