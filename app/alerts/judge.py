"""Whether a window holds more than chance explains.

Counts are negative binomial: Poisson with over-dispersion, as much as the subject has shown. The chance of a false
alarm that a day may have is divided by the number of tests that a day makes (Bonferroni): every subject, every width of
window, every quarter of an hour; for stories, every story and every width, since a story is judged by its peaks.
"""

from collections.abc import Iterable
from typing import Final

from app.alerts.burst import Finding, Subject
from app.alerts.negative_binomial import deviation, upper_tail
from app.alerts.peaks import Peaks
from app.alerts.rules import PER_DAY, WIDTHS, Rules
from app.alerts.subjects import Subjects, Tracked

_SHARES: Final[dict[Subject, float]] = {"topic": 0.3, "country": 0.45, "story": 0.25}  # of the false alarms
STORY_WIDTHS: Final = (2, 4, 5)  # an hour, four, eight
# Windows of one width that overlap say nearly the same: two for each length count as independent.
_TESTS_PER_DAY: Final = sum(2 * PER_DAY / width for width in WIDTHS)
_NOT_BELOW: Final = 4.0  # deviations

Window = tuple[int, int, float, float]  # width in buckets, articles, expected, over-dispersion


def _limit(rules: Rules, what: Subject, tests_per_day: float) -> float:
    return rules.false_per_day * _SHARES[what] / max(1.0, tests_per_day)


def _not_before(tracked: Tracked, rules: Rules) -> int:
    """The first bucket that a window may hold: what led to a burst that has ended leads to no other one."""
    burst = tracked.burst
    return burst.closed - rules.calm if burst is not None and burst.closed is not None else 0


def _least_probable(
    windows: Iterable[Window], bucket: int, limit: float, rules: Rules, not_before: int
) -> Finding | None:
    """The window with the least chance below `limit`."""
    best: Finding | None = None
    for width, count, expected, dispersion in windows:
        if bucket - width + 1 < not_before:
            break
        if count < rules.least_articles or count < rules.least_ratio * expected:
            continue
        if count < expected + _NOT_BELOW * deviation(expected, dispersion):
            continue  # spares the exact figure for what is never rare enough
        chance = upper_tail(count, expected, dispersion)
        if chance <= limit and (best is None or chance < best.probability):
            best = Finding(bucket - width + 1, bucket, count, expected, chance)
    return best


def steady_finding(subjects: Subjects, what: Subject, tracked: Tracked, bucket: int) -> Finding | None:
    """The least probable window of a topic or a country that ends with `bucket`, if any is improbable enough."""
    rules, observed = subjects.rules, tracked.recent.ending_at(bucket)
    baseline, is_young = tracked.baseline, subjects.kinds[what].buckets < rules.warm_up
    if observed[-1] < rules.least_articles or is_young or baseline is None:
        return None
    limit = _limit(rules, what, len(subjects.of[what]) * _TESTS_PER_DAY)
    expected = baseline.expected_ending_at(bucket)
    windows = ((w, observed[n], expected[n], baseline.dispersion(n, expected[n])) for n, w in enumerate(WIDTHS))
    return _broad(tracked, _least_probable(windows, bucket, limit, rules, _not_before(tracked, rules)), rules)


def story_finding(subjects: Subjects, peaks: Peaks, tracked: Tracked, bucket: int) -> Finding | None:
    """The same for a story: beyond what stories ever reach, and beyond what it has brought itself so far."""
    rules, observed = subjects.rules, tracked.recent.ending_at(bucket)
    if tracked.burst is None:  # or one burst would make the next look usual
        tracked.peaks = list(map(max, tracked.peaks, observed))
    if observed[-1] < rules.least_articles or peaks.ended < rules.warm_stories:
        return None
    limit = _limit(rules, "story", peaks.per_day() * len(STORY_WIDTHS))
    best: Finding | None = None
    for number in STORY_WIDTHS:
        count, width = observed[number], WIDTHS[number]
        if bucket - width + 1 < _not_before(tracked, rules):
            break
        chance = peaks.chance(number, count)
        if chance > limit or (best and best.probability <= chance):
            continue
        expected = story_expected(subjects, peaks, tracked, bucket, number)
        if count >= max(rules.least_articles, rules.least_ratio * expected):
            best = Finding(bucket - width + 1, bucket, count, expected, chance)
    return _broad(tracked, best, rules)


def story_expected(subjects: Subjects, peaks: Peaks, tracked: Tracked, bucket: int, number: int) -> float:
    """Articles of a story in a window of width `number` that ends with `bucket`: as others bring, or as it did."""
    width = WIDTHS[number]
    return max(peaks.mean(number), width * tracked.own_rate(bucket - width + 1, subjects.rules.story_span))


def _broad(tracked: Tracked, found: Finding | None, rules: Rules) -> Finding | None:
    if found is None or tracked.recent.families_between(found.first, found.last) < rules.least_families:
        return None
    return found
