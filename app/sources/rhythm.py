"""How often a source publishes: when to ask it again, what is usual for it, and when its silence is unusual."""

import random
import statistics
from dataclasses import dataclass, field
from typing import Any, Final

HOUR: Final = 3600.0
DAY: Final = 86400.0
_DAYS_KEPT: Final = 15
_DAYS_NEEDED: Final = 3  # of observation, before anything is called usual
_LEAST_SILENCE: Final = 6 * HOUR
_MISSED: Final = 8  # usual gaps without an article make a silence
_SOONER, _LATER = 0.6, 1.25
_RETRY_BASE: Final = 30.0
_RETRY_CAP: Final = 6 * HOUR


@dataclass(slots=True)
class Record:
    """When articles came: counts by hour (of the last day) and by day (of the last two weeks), since the epoch."""

    began_at: float | None = None
    news_at: float | None = None
    hours: dict[int, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)

    def note(self, articles: int, now: float) -> None:
        """Count a poll's new articles. Those of the first poll are a backlog, not a rate."""
        if self.began_at is None:
            self.began_at = now
            self.news_at = now if articles else None
            return
        if articles:
            self.news_at = now
            hour, day = int(now // HOUR), int(now // DAY)
            self.hours[hour] = self.hours.get(hour, 0) + articles
            self.days[day] = self.days.get(day, 0) + articles
            self.hours = {at: count for at, count in self.hours.items() if at >= hour - 24}
            self.days = {at: count for at, count in self.days.items() if at > day - _DAYS_KEPT}

    def last_day(self, now: float) -> int:
        """Articles of the last 24 whole hours and of this one."""
        return sum(count for hour, count in self.hours.items() if hour >= now // HOUR - 24)

    def usual_per_day(self, now: float) -> float | None:
        """Articles on a usual day; None before three whole days were observed."""
        counts = self._whole_days(now)
        return statistics.mean(counts) if len(counts) >= _DAYS_NEEDED else None

    def is_silent(self, now: float) -> bool:
        """Whether a source that used to publish has published nothing for far longer than is usual for it."""
        usual = self.usual_per_day(now)
        if not usual or self.news_at is None:
            return False
        patience = max(_LEAST_SILENCE, _MISSED * DAY / usual, DAY * (1 + self._longest_pause(now)))
        return now - self.news_at > patience

    def _whole_days(self, now: float) -> list[int]:
        """Counts of the days observed from midnight to midnight that ended before the last article or today."""
        if self.began_at is None:
            return []
        today, first = int(now // DAY), int(self.began_at // DAY) + 1
        # days without an article after the last one are the question, not part of the answer
        last = min(today, int((self.news_at or self.began_at) // DAY) + 1)
        return [self.days.get(day, 0) for day in range(max(first, today - _DAYS_KEPT + 1), last)]

    def _longest_pause(self, now: float) -> int:
        """Most days in a row without an article, such as weekends."""
        longest = run = 0
        for count in self._whole_days(now):
            run = 0 if count else run + 1
            longest = max(longest, run)
        return longest

    def to_plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        hours, days = ({str(at): count for at, count in counts.items()} for counts in (self.hours, self.days))
        return {"began_at": self.began_at, "news_at": self.news_at, "hours": hours, "days": days}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Record":
        """What `to_plain` made."""
        hours, days = ({int(at): int(count) for at, count in plain.get(name, {}).items()} for name in ("hours", "days"))
        return cls(plain.get("began_at"), plain.get("news_at"), hours, days)


def next_interval(interval: float, *, news: bool, least: float, most: float) -> float:
    """Seconds between polls, after one that brought news, or none: shorter or longer by a step.

    It settles where about three polls in ten bring news (0.6^3 · 1.25^7 ≈ 1), and follows the source's day and night.
    """
    if not interval:
        return min(max(least, 300.0), most)
    return min(max(interval * (_SOONER if news else _LATER), least), most)


def jittered(seconds: float) -> float:
    """`seconds`, a tenth more or less, so that sources do not march in step."""
    return seconds * random.uniform(0.9, 1.1)


def retry_in(failures: int, least: float, at_least: float | None) -> float:
    """Seconds until a source that failed `failures` times in a row is tried again, never sooner than it asked for."""
    longest = min(_RETRY_CAP, min(_RETRY_BASE, least) * 2.0 ** min(failures, 30))
    return max(at_least or 0.0, longest * random.uniform(0.5, 1.0))
