"""The shape of a week: how much more or less than usual each of its hours brings, learned as time passes.

The first bucket of the epoch was a Thursday's; nobody minds, an hour of the week keeps its number.
"""

from typing import Any, Final

from app.alerts.rules import HOURS_OF_WEEK, PER_HOUR

_DAY: Final = 24
_TRUST: Final = 25.0  # as many articles as this in an hour of the week outweigh what is known of others


def hour_of_week(bucket: int) -> int:
    """0 to 167."""
    return bucket // PER_HOUR % HOURS_OF_WEEK


def week(bucket: int) -> int:
    """The number of its week."""
    return bucket // PER_HOUR // HOURS_OF_WEEK


class Fading:
    """168 sums, one an hour of the week; each fades by `keep` a week, whenever it is looked at."""

    __slots__ = ("_keep", "_sums", "_weeks", "days", "total")

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._sums = [0.0] * HOURS_OF_WEEK
        self._weeks = [0] * HOURS_OF_WEEK
        self.days = [0.0] * _DAY  # the same by hour of the day
        self.total = 0.0

    def add(self, bucket: int, amount: float) -> None:
        """Add to the hour in which `bucket` lies."""
        hour, now = hour_of_week(bucket), week(bucket)
        before = self._sums[hour]
        after = before * self._keep ** max(0, now - self._weeks[hour]) + amount
        self._sums[hour], self._weeks[hour] = after, now
        self.days[hour % _DAY] += after - before
        self.total += after - before

    def at(self, hour: int, now: int) -> float:
        """The sum of an hour of the week, as of the week `now`."""
        return self._sums[hour] * self._keep ** max(0, now - self._weeks[hour])

    def week_of(self, hour: int) -> int:
        """The week in which an hour of the week was last added to."""
        return self._weeks[hour]

    def dump(self) -> list[Any]:
        """As JSON takes it; only the hours that hold something."""
        return [[h, s, w] for h, (s, w) in enumerate(zip(self._sums, self._weeks, strict=True)) if w]

    def load(self, dumped: list[Any], days: list[float], total: float) -> None:
        """Inverse of `dump`; sums of sums are restored as they were, to the last bit."""
        for hour, amount, number in dumped:
            self._sums[hour], self._weeks[hour] = amount, number
        self.days, self.total = list(days), total


def shape(hour: int, counts: Fading, exposure: Fading, prior: "Shape") -> float:
    """How an hour of the week compares with the mean of all (1.0), for a subject with these counts.

    Shrunk twice: the hour of the day towards what `prior` says of it, and the hour of the week towards the hour of the
    day. A subject that is hardly known has the shape of all.
    """
    if exposure.total <= 0 or counts.total <= 0:
        return prior.week[hour]
    mean = counts.total / exposure.total
    day = hour % _DAY
    of_day = (counts.days[day] + _TRUST * prior.day[day]) / (exposure.days[day] * mean + _TRUST)
    expected = of_day * prior.week[hour] / prior.day[day]
    now = exposure.week_of(hour)
    return (counts.at(hour, now) + _TRUST * expected) / (exposure.at(hour, now) * mean + _TRUST)


class Shape:
    """A learned week, all of it: 168 hours and 24, relative to their mean."""

    __slots__ = ("day", "week")

    def __init__(self) -> None:
        self.day = [1.0] * _DAY
        self.week = [1.0] * HOURS_OF_WEEK

    @classmethod
    def of(cls, counts: Fading, exposure: Fading) -> "Shape":
        """What these counts say; neighbouring hours smooth each other."""
        flat, found = cls(), cls()
        if exposure.total <= 0 or counts.total <= 0:
            return found
        mean = counts.total / exposure.total
        raw = [shape(hour, counts, exposure, flat) for hour in range(HOURS_OF_WEEK)]
        found.week = [
            0.25 * raw[hour - 1] + 0.5 * raw[hour] + 0.25 * raw[(hour + 1) % HOURS_OF_WEEK]
            for hour in range(HOURS_OF_WEEK)
        ]
        days = [(counts.days[d] + _TRUST) / (exposure.days[d] * mean + _TRUST) for d in range(_DAY)]
        found.day = [0.25 * days[d - 1] + 0.5 * days[d] + 0.25 * days[(d + 1) % _DAY] for d in range(_DAY)]
        return found
