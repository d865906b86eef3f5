"""The burst detector: what it tells and what it does not, and that a restart changes nothing."""

import itertools
import random
from collections.abc import Iterable, Iterator
from math import exp, factorial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.detector import BurstDetector
from app.alerts.evaluation import TEST_SEEDS, judge
from app.alerts.negative_binomial import upper_tail
from app.alerts.observation import Observation
from app.alerts.peaks import Peaks
from app.alerts.rules import Rules
from app.alerts.simulation import simulate
from schemas.alert import Burst

HOUR_MS = 3_600_000
START = 1_772_409_600_000  # a Monday
_ids = itertools.count(1)


def seen(hour: float, **fields: Any) -> Observation:
    """An event published at this hour since the start, that arrived at once."""
    at = START + int(hour * HOUR_MS)
    number = next(_ids)
    given: dict[str, Any] = {
        "id": f"{number:032x}",
        "published_ms": at,
        "received_ms": at,
        "family": f"family {number % 50}",
        "topics": ("davos",),
        "countries": (),
        "story": f"{number:032x}",
    }
    return Observation(**(given | fields))


def stream(first: float, last: float, per_hour: float, **fields: Any) -> Iterator[Observation]:
    """Events that follow each other evenly, but for a little chance."""
    chance = random.Random(int(first * 1000))
    for number in range(int((last - first) * per_hour)):
        yield seen(first + (number + chance.random()) / per_hour, **fields)


def told(detector: BurstDetector, events: Iterable[Observation]) -> list[dict[str, Any]]:
    ordered = sorted(events, key=lambda each: each.received_ms)
    return [alert for event in ordered for alert in detector.observe(event)]


def test_a_steady_stream_says_nothing() -> None:
    assert told(BurstDetector(), stream(0, 24 * 6, 12)) == []


def test_a_burst_is_told_grows_and_ends_under_one_id() -> None:
    detector = BurstDetector()
    assert told(detector, stream(0, 72, 8)) == []
    alerts = told(detector, [*stream(72, 90, 8), *stream(72, 76, 60)])
    assert {alert["subject"] for alert in alerts} == {"topic"}
    assert len({alert["id"] for alert in alerts}) == 1
    states = [alert["state"] for alert in alerts]
    assert states[0] == "open"
    assert states[-1] == "closed"
    assert states.count("closed") == 1
    assert len(states) < 12, "told too often"
    observed = [alert["observed"] for alert in alerts if alert["state"] == "open"]
    assert observed == sorted(observed)
    for alert in alerts:
        burst = Burst.model_validate(alert)
        assert burst.until > burst.since
        assert burst.at >= burst.since
        assert burst.observed > 2 * burst.expected or burst.state == "closed"
        assert burst.events
    first = Burst.model_validate(alerts[0])
    assert (first.at.timestamp() * 1000 - START) / HOUR_MS < 73, "an hour of seven times the rate is enough"
    assert first.probability < 2e-3


def test_what_comes_back_soon_is_the_same_burst_and_what_comes_late_is_another() -> None:
    def run(gap: float) -> list[dict[str, Any]]:
        detector = BurstDetector()
        told(detector, stream(0, 72, 8))
        later = 76 + gap
        return told(detector, [*stream(72, later + 12, 8), *stream(72, 75, 60), *stream(later, later + 3, 60)])

    for gap, ids in ((4.0, 1), (24.0, 2)):
        alerts = run(gap)
        assert len({alert["id"] for alert in alerts}) == ids
        assert [alert["state"] for alert in alerts].count("closed") == 2


def test_one_publisher_makes_no_burst() -> None:
    detector = BurstDetector()
    told(detector, stream(0, 72, 8))
    assert told(detector, [*stream(72, 80, 8), *stream(72, 74, 200, family="loud")]) == []


def test_one_story_is_told_as_a_story_and_not_as_its_topic() -> None:
    detector = BurstDetector()
    told(detector, stream(0, 96, 12))
    alerts = told(detector, [*stream(96, 104, 12), *stream(96, 100, 40, story="f" * 32)])
    assert {(alert["subject"], alert["value"]) for alert in alerts} == {("story", "f" * 32)}
    assert alerts[0]["stories"] == ["f" * 32]


def test_an_archive_that_arrives_at_once_is_no_burst() -> None:
    detector = BurstDetector()
    told(detector, stream(0, 72, 8))
    now = START + 73 * HOUR_MS
    archive = [seen(hour / 5, received_ms=now) for hour in range(0, 340)]
    assert told(detector, [*stream(72, 80, 8), *archive]) == []
    assert detector.late > 300


def test_a_backlog_after_an_outage_is_no_burst() -> None:
    detector = BurstDetector()
    told(detector, stream(0, 72, 20))
    back = START + int(74.5 * HOUR_MS)
    backlog = [
        Observation(e.id, e.published_ms, max(e.received_ms, back), e.family, e.topics, e.countries, e.story)
        for e in stream(72, 84, 20)
    ]
    assert told(detector, backlog) == []


def test_nights_teach_what_a_night_is() -> None:
    """Ten times as much by day as by night, every day: no burst in the morning, and one for a day's rate at night."""
    days = [*itertools.chain.from_iterable(stream(24 * day + 8, 24 * day + 20, 20) for day in range(14))]
    nights = [*itertools.chain.from_iterable(stream(24 * day - 4, 24 * day + 8, 2) for day in range(1, 15))]
    detector = BurstDetector()
    quiet = told(detector, [*days, *nights])
    assert [alert for alert in quiet if alert["at"] > "2026-03-05"] == []
    found = told(detector, [*stream(24 * 14 + 8, 24 * 14 + 20, 20), *stream(24 * 14 + 20, 24 * 15 + 1, 20)])
    assert found
    assert found[0]["at"] > "2026-03-16T20:00"


def test_what_lasts_is_the_new_normal() -> None:
    detector = BurstDetector()
    told(detector, stream(0, 72, 4))
    alerts = told(detector, stream(72, 24 * 14, 24))
    assert len({alert["id"] for alert in alerts}) == 1
    assert alerts[-1]["state"] == "closed"
    assert alerts[-1]["at"] < "2026-03-09", "three days are enough"


@pytest.mark.parametrize("seed", [3, 9])
def test_a_restart_changes_nothing(seed: int) -> None:
    """State goes through its records at random moments: the same alerts, and the same state to the last byte."""
    rules = Rules(false_per_day=50.0, warm_up=24, warm_stories=30, story_age=24)
    events = simulate(seed, days=3, bursts=20, planted_from_day=0).observations[:2000]
    steady, other, chance = BurstDetector(rules), BurstDetector(rules), random.Random(seed)
    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    count = 0
    for event in events:
        expected = steady.observe(event)
        assert other.observe(event) == expected
        count += len(expected)
        if chance.random() < 0.005:
            for states, detector in ((first, steady), (second, other)):
                _keep(states, detector)
            assert second == first
            other = BurstDetector(rules)
            other.load(dict(chance.sample(sorted(second.items()), len(second))))  # Kafka's order is not ours
            assert other.changes() == []
    assert count > 20


def _keep(states: dict[str, bytes], detector: BurstDetector) -> None:
    for key, value in detector.changes():
        if value is None:
            states.pop(key, None)
        else:
            states[key] = value


def test_memory_is_bounded() -> None:
    rules = Rules(most_topics=20, most_countries=30, most_stories=100)
    detector, states = BurstDetector(rules), dict[str, bytes]()
    for number in range(5000):
        detector.observe(seen(number / 100, topics=(f"t{number % 977}",), countries=(f"c{number}",)))
        if number % 100 == 0:
            _keep(states, detector)
    _keep(states, detector)
    kinds = [key.split(" ")[1] for key in states if key.startswith("now ")]
    assert [kinds.count(kind) <= most for kind, most in (("topic", 20), ("country", 30), ("story", 100))] == [True] * 3
    assert max(map(len, states.values())) < 100_000


_TIMES = st.integers(0, 10**13)


@given(
    st.lists(
        st.builds(
            Observation,
            id=st.just("0" * 32),
            published_ms=_TIMES,
            received_ms=st.one_of(_TIMES, st.integers(START, START + 10 * HOUR_MS)),
            family=st.text(max_size=3),
            topics=st.lists(st.text(max_size=2), max_size=3).map(tuple),
            countries=st.lists(st.text(max_size=2), max_size=3).map(tuple),
            story=st.one_of(st.none(), st.text(max_size=2)),
        ),
        max_size=40,
    )
)
def test_no_order_of_events_breaks_it(events: list[Observation]) -> None:
    detector, states = BurstDetector(), dict[str, bytes]()
    for event in events:
        detector.observe(event)
    _keep(states, detector)
    again = BurstDetector()
    again.load(states)
    for event in events:
        assert again.observe(event) == detector.observe(event)


def test_the_tail_of_the_negative_binomial() -> None:
    poisson = 1 - sum(exp(-3.0) * 3.0**n / factorial(n) for n in range(10))
    assert upper_tail(10, 3.0, 1e-9) == pytest.approx(poisson, rel=1e-4)
    # Over-dispersion 1 is the geometric distribution.
    assert upper_tail(40, 3.0, 1.0) == pytest.approx((3 / 4) ** 40, rel=1e-6)
    chance = random.Random(1)
    counts = [_poisson(chance, chance.gammavariate(2.5, 4 / 2.5)) for _ in range(40_000)]
    assert upper_tail(12, 4.0, 1 / 2.5) == pytest.approx(sum(n >= 12 for n in counts) / len(counts), rel=0.1)
    assert upper_tail(3, 3.0, 0.5) == 1.0


def _poisson(chance: random.Random, mean: float) -> int:
    count, product = 0, chance.random()
    while product > exp(-mean):
        count, product = count + 1, product * chance.random()
    return count


def test_the_tail_of_stories() -> None:
    peaks, chance = Peaks(Rules()), random.Random(2)
    for _ in range(3000):
        peaks.learn([int(chance.paretovariate(2.0))] * 6)
    for count in (20, 100):
        assert peaks.chance(5, count) == pytest.approx(count**-2.0, rel=0.6)


def test_a_simulated_month() -> None:
    """One of those that `geonews evaluate alerts` is about."""
    report = judge(simulate(TEST_SEEDS[0]), Rules())
    assert report.recall >= 0.88
    assert report.false_per_day < 1.0
    assert sum(report.planted.values()) == 60
