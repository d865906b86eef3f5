"""What `/readyz` and the watchdog know of a lane."""

import pytest

from app.delivery import progress
from app.delivery.progress import Progress
from app.health import Health


def test_readiness_needs_a_report_and_no_complaint() -> None:
    health = Health()
    assert not health.is_ready, "nothing has reported yet"
    health.well("lane 0")
    assert health.is_ready
    health.ill("lane 1", "opening")
    assert not health.is_ready
    assert health.reasons == {"lane 1": "opening"}
    health.ill("lane 1", "fenced")
    assert health.reasons == {"lane 1": "fenced"}
    health.well("lane 1")
    assert health.is_ready


def test_what_is_gone_counts_no_more() -> None:
    health = Health()
    health.ill("lane 1", "opening")
    health.well("lane 2")
    health.gone("lane 1")
    health.gone("lane 1")
    assert health.is_ready
    health.gone("lane 2")
    assert not health.is_ready


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_a_batch_in_hand_is_expected_to_move(clock: Clock) -> None:
    lane = Progress()
    clock.now += 50
    assert lane.stuck_seconds == 0
    lane.busy()
    clock.now += 7
    assert lane.stuck_seconds == 7
    lane.idle()
    assert lane.stuck_seconds == 0


def test_records_that_a_poll_should_have_brought_count_from_the_first_such_poll(clock: Clock) -> None:
    lane = Progress()
    lane.polled(waiting=True)
    clock.now += 5
    lane.polled(waiting=True)
    clock.now += 5
    assert lane.stuck_seconds == 10
    lane.polled(waiting=False)
    assert lane.stuck_seconds == 0


def test_a_new_batch_is_progress(clock: Clock) -> None:
    lane = Progress()
    lane.busy()
    clock.now += 5
    lane.busy()
    assert lane.stuck_seconds == 0


def test_a_process_has_started_once_it_was_ready() -> None:
    health = Health()
    assert not health.has_started
    health.ill("lane 1", "opening")
    health.well("lane 2")
    assert not health.has_started
    health.gone("lane 1")
    assert health.has_started
    health.ill("lane 2", "fenced")
    assert health.has_started
    assert not health.is_ready
