"""What a lane says of its lag, also while it stands still."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from app.delivery import lag
from app.delivery.lag import Lag
from app.steps.records import Inbound

PLACE = TopicPartition("t", 3)


@dataclass
class Clock:
    now: float = 1000.0

    def time(self) -> float:
        return self.now


class Consumer:
    """As much of a consumer as the lag asks: the end of the partition, and the position in it."""

    def __init__(self) -> None:
        self.end, self.position = 0, 0

    def last_stable_offset(self, _place: TopicPartition) -> int:
        return self.end

    def highwater(self, _place: TopicPartition) -> int:
        return self.end

    @property
    def _subscription(self) -> Any:
        state = SimpleNamespace(position=self.position, has_valid_position=True)
        assignment = SimpleNamespace(state_value=lambda _place: state)
        return SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lag, "time", clock)
    return clock


@pytest.fixture
def lane(clock: Clock) -> Iterator[Lag]:
    del clock
    found = Lag("lag-test", PLACE)
    yield found
    found.close()


def _said(what: str) -> float | None:
    return REGISTRY.get_sample_value(f"geonews_lag_{what}", {"agent": "lag-test", "partition": "3"})


def _record(offset: int, at: float) -> Inbound:
    return Inbound("t", 3, offset, int(at * 1000), None, b"", ())


def test_nothing_is_said_before_the_first_poll(lane: Lag) -> None:
    del lane
    assert _said("records") is None
    assert _said("seconds") is None


def test_records_in_hand_wait_until_they_are_committed(lane: Lag, clock: Clock) -> None:
    consumer = Consumer()
    consumer.end = 10
    batch = [_record(0, 990.0), _record(1, 991.0)]
    assert lane.polled(consumer, batch) == 8
    assert (_said("records"), _said("seconds")) == (10, 10)
    clock.now += 30
    assert _said("seconds") == 40, "the lane stands still, and its lag grows all the same"
    lane.committed(batch, 8)
    assert (_said("records"), _said("seconds")) == (8, 39)


def test_who_has_caught_up_has_no_lag(lane: Lag, clock: Clock) -> None:
    consumer = Consumer()
    consumer.end = consumer.position = 1
    batch = [_record(0, 990.0)]
    assert lane.polled(consumer, batch) == 0
    lane.committed(batch, 0)
    clock.now += 100
    assert (_said("records"), _said("seconds")) == (0, 0)
    assert lane.polled(consumer, []) == 0
    assert (_said("records"), _said("seconds")) == (0, 0)


def test_a_partition_that_went_elsewhere_is_spoken_of_no_more(lane: Lag) -> None:
    lane.polled(Consumer(), [])
    assert _said("records") == 0
    lane.close()
    assert _said("records") is None
    assert _said("seconds") is None
