"""The queue of the capacity simulation, against cases that are known from paper."""

import numpy as np
import pytest

from benchmarks.capacity import simulate as simulation
from benchmarks.capacity.simulate import SECONDS, arrivals, simulate


def test_the_days_bring_what_was_asked_for_and_the_burst_on_top() -> None:
    coming = arrivals(8_640_000)
    first, second = coming[: SECONDS // 2].sum(), coming[SECONDS // 2 :].sum()
    assert first == pytest.approx(8_640_000, rel=0.001)
    assert second > first * 1.02


def test_who_is_fast_enough_is_late_only_after_a_death() -> None:
    late = simulate(8_640_000, 3, 1000.0)
    assert late.median == late.p999 == 0
    assert late.worst == pytest.approx(simulation.TAKEOVER_SECONDS, abs=1)


def test_a_worker_alone_is_late_until_it_is_back() -> None:
    assert simulate(864_000, 1, 10_000.0).worst == pytest.approx(simulation.RETURN_SECONDS, abs=1)


def test_half_of_the_capacity_makes_the_last_article_a_day_late() -> None:
    rate = np.full(SECONDS, 20.0)
    late = simulation._lateness(rate, np.full(SECONDS, 10.0))
    assert late.worst == pytest.approx(SECONDS / 2, rel=0.001)
    assert late.median == pytest.approx(SECONDS / 4, rel=0.001)
