"""A simulated month of news, seeded, with planted bursts: what the detector is measured on.

It holds what makes real streams hard: a week of loud and quiet hours that differs by topic, levels that wander (an
autocorrelated random walk, so counts are over-dispersed), stories that trickle in over hours, holidays, outages of our
own after which everything arrives at once, sources that give us their whole archive, articles that arrive late, and
publishers that write far more than others.
"""

import math
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

from app.alerts.burst import Subject
from app.alerts.observation import Observation

DAYS: Final = 30
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
START_MS: Final = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)  # a Monday
_FAMILIES: Final = 300
_COUNTRIES: Final = 120
_PLANTED_FROM_DAY: Final = 3
_MOST_IN_STORY: Final = 100
# Topic: stories a day, the hour (UTC) of its day's height, how high it rises, how much of it is left at weekends.
_TOPICS: Final = {"ukraine-war": (330, 12, 0.6, 0.8), "trade-deals": (180, 14, 0.8, 0.45), "davos": (22, 10, 0.9, 0.3)}


@dataclass(frozen=True, slots=True)
class Planted:
    """A burst that was put in: `extra` articles beside what is usual, from `start_ms` to `end_ms`."""

    number: int
    subject: Subject
    value: str
    start_ms: int
    end_ms: int
    extra: int


@dataclass(slots=True)
class Month:
    """Observations by arrival, the planted bursts, and which observation belongs to which burst."""

    observations: list[Observation] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    belongs: dict[str, int] = field(default_factory=dict)


def simulate(seed: int, *, days: int = DAYS, bursts: int = 60, planted_from_day: int = _PLANTED_FROM_DAY) -> Month:
    """A month; the same seed gives the same. Bursts begin on the day `planted_from_day`, or later."""
    return _Simulation(seed, days, planted_from_day).run(bursts)


class _Simulation:
    def __init__(self, seed: int, days: int, planted_from_day: int) -> None:
        self._rng = random.Random(seed)
        self._days = days
        self._planted_from_day = planted_from_day
        self._month = Month()
        self._serial = 0
        self._levels = {topic: self._wander(0.25) for topic in _TOPICS}
        self._families = list(accumulate(1 / (rank + 3) for rank in range(_FAMILIES)))
        self._countries = list(accumulate(1 / (rank + 1.5) for rank in range(_COUNTRIES)))
        self._holidays = set(self._rng.sample(range(days), 2))

    def run(self, bursts: int) -> Month:
        """Everything, in order of arrival."""
        for topic in _TOPICS:
            for born in self._births(topic):
                self._story(topic, born, self._size())
        self._archives(8)
        for number in range(bursts):
            self._plant(number)
        outages = self._outages(4)
        arrived = [kept for each in self._month.observations if (kept := self._through(each, outages)) is not None]
        arrived.sort(key=lambda each: (each.received_ms, each.id))
        self._month.observations = arrived
        return self._month

    # -- what is usual -------------------------------------------------------------------------------------------------

    def _wander(self, scatter: float) -> list[float]:
        """A factor for each hour: log-normal, autocorrelated over half a day, mean about 1."""
        keep = math.exp(-1 / 12)
        value, levels = 0.0, []
        for _ in range(self._days * 24):
            value = value * keep + self._rng.gauss(0, scatter) * math.sqrt(1 - keep * keep)
            levels.append(math.exp(value - scatter * scatter / 2))
        return levels

    def _rate(self, topic: str, hour: int) -> float:
        """Stories that begin in an hour of the month."""
        a_day, height, swing, weekend = _TOPICS[topic]
        shape = 1 + swing * math.cos((hour - height) % 24 / 24 * 2 * math.pi)
        day = hour // 24
        factor = (weekend if day % 7 >= 5 else 1.0) * (0.6 if day in self._holidays else 1.0)
        return a_day / 24 * shape * factor * self._levels[topic][hour]

    def _births(self, topic: str) -> Iterator[int]:
        for hour in range(self._days * 24):
            for _ in range(self._poisson(self._rate(topic, hour))):
                yield START_MS + hour * HOUR_MS + self._rng.randrange(HOUR_MS)

    def _poisson(self, mean: float) -> int:
        limit, number, product = math.exp(-mean), 0, self._rng.random()
        while product > limit:
            number += 1
            product *= self._rng.random()
        return number

    def _size(self) -> int:
        """Articles of a story: most have one or two, some many (Pareto)."""
        return min(_MOST_IN_STORY, int(self._rng.paretovariate(2.0)))

    def _story(
        self, topic: str, born: int, size: int, countries: tuple[str, ...] | None = None, burst: int = -1
    ) -> None:
        """Articles that trickle in: the first soon, half of them within some two hours, the last a day later."""
        name = self._identity()
        where = countries if countries is not None else self._some_countries()
        for number in range(size):
            at = born if not number else born + int(self._rng.lognormvariate(math.log(2.0), 1.0) * HOUR_MS)
            self._article(name, (topic,), where, at, burst)

    def _article(self, story: str, topics: tuple[str, ...], countries: tuple[str, ...], at: int, burst: int) -> None:
        rng, number = self._rng, self._identity()
        family = f"family-{bisect(self._families, rng.random() * self._families[-1])}"
        # Feeds are polled every few minutes; some articles come hours later, by way of agencies and archives.
        delay = rng.lognormvariate(math.log(8 * 60_000), 0.8) if rng.random() > 0.05 else rng.uniform(1, 48) * HOUR_MS
        self._keep(Observation(number, at, at + int(delay), family, topics, countries, story), burst)

    def _keep(self, observation: Observation, burst: int = -1) -> None:
        self._month.observations.append(observation)
        if burst >= 0:
            self._month.belongs[observation.id] = burst

    def _identity(self) -> str:
        self._serial += 1
        return f"{self._serial:032x}"

    def _some_countries(self) -> tuple[str, ...]:
        count = self._rng.choice((1, 1, 2, 2, 3))
        picked = (bisect(self._countries, self._rng.random() * self._countries[-1]) for _ in range(count))
        return tuple(dict.fromkeys(_code(rank) for rank in picked))

    # -- what disturbs -------------------------------------------------------------------------------------------------

    def _archives(self, count: int) -> None:
        """A source comes with all that it has: half of them without dates, so that all of it seems new."""
        for number in range(count):
            at = START_MS + self._rng.randrange(2 * DAY_MS, self._days * DAY_MS)
            topic = self._rng.choice(list(_TOPICS))
            where = self._some_countries()
            for _ in range(self._rng.randrange(60, 200)):
                published = at if number % 2 else at - self._rng.randrange(30 * DAY_MS)
                said = self._identity()
                self._keep(Observation(said, published, at, f"archive-{number}", (topic,), where, self._identity()))

    def _outages(self, count: int) -> list[tuple[int, int]]:
        starts = (START_MS + self._rng.randrange(DAY_MS, (self._days - 1) * DAY_MS) for _ in range(count))
        return [(start, start + int(self._rng.uniform(0.5, 5.0) * HOUR_MS)) for start in starts]

    def _through(self, each: Observation, outages: list[tuple[int, int]]) -> Observation | None:
        """An article that would have come during an outage comes after it, or never: feeds forget."""
        for start, end in outages:
            if start <= each.received_ms < end:
                if self._rng.random() < 0.3:
                    self._month.belongs.pop(each.id, None)
                    return None
                at = end + self._rng.randrange(10 * 60_000)
                return Observation(each.id, each.published_ms, at, each.family, each.topics, each.countries, each.story)
        return each

    # -- bursts --------------------------------------------------------------------------------------------------------

    def _plant(self, number: int) -> None:
        """A burst of 1 to 12 hours that brings 3 to 12 times what is usual, and 30 articles more at the very least."""
        rng = self._rng
        subject: Subject = ("topic", "country", "story")[number % 3]
        hours = math.exp(rng.uniform(0, math.log(12)))
        start = START_MS + rng.randrange(self._planted_from_day * DAY_MS, (self._days - 1) * DAY_MS)
        times = math.exp(rng.uniform(math.log(3), math.log(12)))
        topic = rng.choice(list(_TOPICS))
        country = _code(bisect(self._countries, rng.random() * self._countries[-1]))
        value = {"topic": topic, "country": country, "story": ""}[subject]
        if subject == "story":
            hours, extra = min(hours, 8.0), int(math.exp(rng.uniform(math.log(70), math.log(250))))
            value = self._identity()
        else:
            extra = max(30, int((times - 1) * self._usual(subject, value, start, hours)))
        planted = Planted(number, subject, value, start, start + int(hours * HOUR_MS), extra)
        self._month.planted.append(planted)
        self._fill(planted, topic)

    def _usual(self, subject: Subject, value: str, start: int, hours: float) -> float:
        first = (start - START_MS) // HOUR_MS
        span = range(first, min(self._days * 24, first + max(1, round(hours))))
        per_story = 1.6  # articles, on average
        if subject == "topic":
            return per_story * sum(self._rate(value, hour) for hour in span) * hours / len(span)
        total = per_story * sum(self._rate(topic, hour) for topic in _TOPICS for hour in span) * hours / len(span)
        rank = next(rank for rank in range(_COUNTRIES) if _code(rank) == value)
        return total * 1.8 * (1 / (rank + 1.5)) / self._countries[-1]

    def _fill(self, planted: Planted, topic: str) -> None:
        left = planted.extra
        while left > 0:
            count = left if planted.subject == "story" else min(left, self._rng.choice((1, 2, 3)))
            story = planted.value if planted.subject == "story" else self._identity()
            where = (planted.value,) if planted.subject == "country" else self._some_countries()
            about = self._rng.choice(list(_TOPICS)) if planted.subject == "country" else topic
            for _ in range(count):
                at = self._rng.randrange(planted.start_ms, planted.end_ms)
                self._article(story, (about,), where, at, planted.number)
            left -= count


def _code(rank: int) -> str:
    return chr(65 + rank // 26) + chr(65 + rank % 26)
