"""How good the detector is: planted bursts that it tells, how soon, and what it tells for nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final

from app.alerts.burst import Subject
from app.alerts.detector import BurstDetector
from app.alerts.observation import Observation
from app.alerts.rules import Rules
from app.alerts.simulation import DAYS, HOUR_MS, Month, Planted, simulate
from app.alerts.subjects import SUBJECTS

TUNE_SEEDS: Final = (1, 2, 3, 4)
TEST_SEEDS: Final = (101, 102, 103, 104, 105, 106)
_GRACE_MS: Final = 2 * HOUR_MS  # after a burst's end, in which telling it still counts
_EXPLAINED: Final = 0.3  # share of planted articles in an alert's window from which on it is no false alarm


@dataclass(slots=True)
class Report:
    """What one month, or several, brought."""

    days: float = 0.0
    planted: dict[Subject, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    found: dict[Subject, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    false: dict[Subject, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    minutes: list[float] = field(default_factory=list)
    missed: list[Planted] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Take in another month."""
        self.days += other.days
        for subject in SUBJECTS:
            self.planted[subject] += other.planted[subject]
            self.found[subject] += other.found[subject]
            self.false[subject] += other.false[subject]
        self.minutes += other.minutes
        self.missed += other.missed

    @property
    def recall(self) -> float:
        """Of the planted bursts, those that were told while they lasted, or at most two hours later."""
        return sum(self.found.values()) / max(1, sum(self.planted.values()))

    @property
    def false_per_day(self) -> float:
        """Alerts, each counted once, whose window holds fewer than three in ten planted articles."""
        return sum(self.false.values()) / self.days if self.days else 0.0

    @property
    def minutes_to_detect(self) -> float:
        """The median time from a burst's beginning to its alert."""
        return median(self.minutes) if self.minutes else 0.0


def evaluate(seeds: Iterable[int], rules: Rules, advance: Callable[[], object] | None = None) -> Report:
    """Simulate a month for each seed and count."""
    report = Report()
    for seed in seeds:
        report.add(judge(simulate(seed), rules))
        if advance:
            advance()
    return report


def judge(month: Month, rules: Rules, days: float = DAYS) -> Report:
    """Run a month through a new detector and count."""
    detector = BurstDetector(rules)
    told: defaultdict[tuple[Subject, str], list[dict[str, Any]]] = defaultdict(list)
    for seen in month.observations:
        for alert in detector.observe(seen):
            if alert["state"] == "open":
                told[alert["subject"], alert["value"]].append(alert)
    report = Report(days=days)
    for planted in month.planted:
        _look_for(planted, told[planted.subject, planted.value], report)
    articles = _by_subject(month.observations, set(told))
    for subject, alerts in told.items():
        report.false[subject[0]] += _false(alerts, articles[subject], month)
    return report


def _look_for(planted: Planted, alerts: list[dict[str, Any]], report: Report) -> None:
    report.planted[planted.subject] += 1
    times = [_ms(a["at"]) for a in alerts if _ms(a["until"]) >= planted.start_ms]
    times = [at for at in times if planted.start_ms <= at <= planted.end_ms + _GRACE_MS]
    if times:
        report.found[planted.subject] += 1
        report.minutes.append((min(times) - planted.start_ms) / 60_000)
    else:
        report.missed.append(planted)


def _by_subject(
    observations: list[Observation], wanted: set[tuple[Subject, str]]
) -> dict[tuple[Subject, str], list[Observation]]:
    found: defaultdict[tuple[Subject, str], list[Observation]] = defaultdict(list)
    for seen in observations:
        subjects: list[tuple[Subject, str]] = [("topic", topic) for topic in seen.topics]
        subjects += [("country", country) for country in seen.countries]
        subjects += [("story", seen.story or "")]
        for subject in subjects:
            if subject in wanted:
                found[subject].append(seen)
    return found


def _false(alerts: list[dict[str, Any]], articles: list[Observation], month: Month) -> int:
    """How many bursts of one subject nothing planted explains."""
    first_of = {alert["id"]: alert for alert in reversed(alerts)}
    count = 0
    for alert in first_of.values():
        since, at = _ms(alert["since"]), _ms(alert["at"])
        window = [seen for seen in articles if since <= seen.published_ms and seen.received_ms <= at]
        planted = sum(seen.id in month.belongs for seen in window)
        count += planted < _EXPLAINED * len(window)
    return count


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
