"""The burst detector: observations in, alerts out; the same observations in the same order give the same alerts.

Counts lie on the axis of publication, so that a backlog that arrives at once is no burst. A window is tested while it
fills, since its count only grows. `changes` and `load` carry the state over a restart, to the last bit.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import orjson

from app.alerts.burst import Burst, Finding, Subject, alert, new_burst
from app.alerts.judge import steady_finding, story_expected, story_finding
from app.alerts.negative_binomial import upper_tail
from app.alerts.observation import Observation
from app.alerts.peaks import Peaks
from app.alerts.rules import BUCKET_MS, PER_DAY, SPAN, WIDTHS, Rules
from app.alerts.subjects import STEADY, SUBJECTS, Subjects, Tracked

Alert = dict[str, Any]
_OUTAGE_EXPECTED: Final = 8.0
_OUTAGE_SHARE: Final = 0.25
_CALM: Final = 3  # the width, two hours, by which the end of a burst is judged


class BurstDetector:
    """Learns what is usual, and tells what is not."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.late = 0  # events that came too long after their publication to be counted
        self._subjects = Subjects(self.rules)
        self._peaks = Peaks(self.rules)
        self._now_ms = 0  # the newest arrival
        self._now = 0  # its bucket
        self._learned = 0  # buckets before this one are part of the baseline
        self._has_news = False
        self._has_learned = False

    def observe(self, seen: Observation) -> list[Alert]:
        """Take in one event; returns the alerts that it leads to, as `schemas.alert.Burst` describes them."""
        self._has_news = True
        alerts = list(self._advance(seen.received_ms))
        bucket = min(seen.published_ms, self._now_ms) // BUCKET_MS
        if bucket <= self._now - self.rules.lateness:
            self.late += 1
            return alerts
        self._subjects.count("all", "", bucket, self._now, seen)
        for topic in dict.fromkeys(seen.topics):
            alerts += self._test("topic", topic, bucket, seen)
        for country in dict.fromkeys(seen.countries):
            alerts += self._test("country", country, bucket, seen)
        if seen.story is not None:
            alerts += self._test("story", seen.story, bucket, seen)
        return alerts

    def _test(self, what: Subject, value: str, bucket: int, seen: Observation) -> Iterator[Alert]:
        tracked = self._subjects.count(what, value, bucket, self._now, seen)
        if tracked is None:
            return
        if what == "story":
            found = story_finding(self._subjects, self._peaks, tracked, bucket)
        else:
            found = steady_finding(self._subjects, what, tracked, bucket)
        if found is not None:
            yield from self._tell(what, value, tracked, found)

    # -- bursts --------------------------------------------------------------------------------------------------------

    def _tell(self, what: Subject, value: str, tracked: Tracked, found: Finding) -> Iterator[Alert]:
        rules, burst = self.rules, tracked.burst
        if burst is None or (not burst.is_open and self._now - (burst.closed or 0) > rules.cooldown):
            tracked.burst = burst = new_burst(what, value, found, self._now)
        elif burst.is_old:
            return
        elif burst.closed is not None:  # it flares up again: still the same
            burst.closed, burst.began, burst.told, burst.told_at = None, self._now, found.observed, self._now
        else:
            found = self._whole(tracked, burst, found)
            grown = found.observed >= rules.update_ratio * burst.told
            if not grown and (found.observed <= burst.told or self._now - burst.told_at < rules.update_after):
                return
            burst.told, burst.told_at = found.observed, self._now
        yield self._alert(what, value, tracked, burst, found, "open")

    def _whole(self, tracked: Tracked, burst: Burst, found: Finding) -> Finding:
        """The window from the burst's beginning on, as far as it is remembered."""
        first = min(found.first, max(burst.since, found.last - SPAN + 1))
        observed = tracked.recent.between(first, found.last)
        return Finding(first, found.last, observed, self._expected(tracked, first, found.last), found.probability)

    def _expected(self, tracked: Tracked, first: int, last: int) -> float:
        if tracked.baseline is not None:
            return sum(tracked.baseline.expected(bucket) for bucket in range(first, last + 1))
        number = next((n for n, width in enumerate(WIDTHS) if width > last - first), len(WIDTHS) - 1)
        return story_expected(self._subjects, self._peaks, tracked, last, number)

    def _alert(
        self,
        what: Subject,
        value: str,
        tracked: Tracked,
        burst: Burst,
        found: Finding,
        state: Literal["open", "closed"],
    ) -> Alert:
        stories = [value] if what == "story" else tracked.recent.stories(found.first)
        return alert(burst, what, value, found, state, self._now_ms, stories, tracked.recent.events(found.first))

    def _close_bursts(self) -> Iterator[Alert]:
        for what in SUBJECTS:
            for value, tracked in self._subjects.bursting(what):
                burst = tracked.burst
                if burst is None:
                    continue
                found, is_calm = self._lately(tracked, burst)
                is_old = not is_calm and self._now - burst.opened >= self.rules.longest
                if burst.closed is None and (is_calm or is_old):
                    burst.closed, burst.is_old = self._now, is_old
                    yield self._alert(what, value, tracked, burst, found, "closed")
                elif is_calm:
                    burst.closed, burst.is_old = self._now, False
                else:
                    continue
                self._subjects.changed(what, value)

    def _lately(self, tracked: Tracked, burst: Burst) -> tuple[Finding, bool]:
        """The last whole buckets, and whether they are near the baseline."""
        rules = self.rules
        first, last = self._now - rules.calm, self._now - 1
        observed, expected = tracked.recent.between(first, last), self._expected(tracked, first, last)
        if tracked.baseline is None:
            chance, is_calm = 1.0, observed < rules.least_ratio * expected
        else:
            chance = upper_tail(observed, expected, tracked.baseline.dispersion(_CALM, expected))
            is_calm = chance >= rules.calm_probability
        return Finding(first, last, observed, expected, chance), is_calm and burst.began <= first

    # -- time ----------------------------------------------------------------------------------------------------------

    def _advance(self, received_ms: int) -> Iterator[Alert]:
        """Time goes on to the newest arrival: what is past is learned from, and bursts may have ended."""
        self._now_ms = max(self._now_ms, received_ms)
        now, before = self._now_ms // BUCKET_MS, self._now
        if now == before:
            return
        self._now, target = now, now - self.rules.lateness
        # After a long silence there is nothing to learn from the empty time.
        self._learned = max(self._learned, target - SPAN - PER_DAY) if before else target
        while self._learned < target:
            self._learn(self._learned)
            self._learned += 1
        yield from self._close_bursts()

    def _learn(self, bucket: int) -> None:
        self._has_learned = True
        for value in sorted(self._subjects.due.pop(bucket, ())):
            self._look_at_story(value, bucket)
        if self._is_outage(bucket):
            return
        self._peaks.closed()
        for what in STEADY:
            total = 0.0
            baselines = self._subjects.baselines(what)
            small = [(tracked.recent, baseline) for _, tracked, baseline in baselines if not baseline.is_steady]
            self._subjects.kinds[what].learn_clusters(bucket, small)
            for value, tracked, baseline in baselines:
                if tracked.recent.counts.get(bucket) or baseline.is_steady:
                    in_burst = tracked.burst is not None and tracked.burst.covers(bucket)
                    total += baseline.learn(bucket, tracked.recent, in_burst=in_burst)
                    self._subjects.learned(what, value)
            self._subjects.kinds[what].closed(bucket, total)
            for _, _, baseline in baselines:
                baseline.outdated()

    def _is_outage(self, bucket: int) -> bool:
        """Whether far less than ever appeared at this hour: it is we who did not see it, and nothing is learned."""
        everything = self._subjects.of["all"].get("")
        if everything is None or everything.baseline is None or self._subjects.kinds["all"].buckets < PER_DAY:
            return False
        expected, seen = everything.baseline.expected(bucket), everything.recent.counts.get(bucket, 0)
        return expected >= _OUTAGE_EXPECTED and seen < _OUTAGE_SHARE * expected

    def _look_at_story(self, value: str, bucket: int) -> None:
        """A story of a day's age teaches what stories reach; one that has been quiet for two is forgotten."""
        tracked = self._subjects.of["story"].get(value)
        if tracked is None:
            return
        if not tracked.has_taught:
            tracked.has_taught = True
            self._peaks.learn(tracked.peaks)
            self._subjects.changed("story", value)
        due = tracked.active + 2 * self.rules.story_age
        if due <= bucket and not tracked.is_bursting:
            self._subjects.forget("story", value)
        else:
            self._subjects.due[max(due, bucket + 1)].add(value)

    # -- state ---------------------------------------------------------------------------------------------------------

    def changes(self) -> list[tuple[str, bytes | None]]:
        """State by key, of what has changed since the last call; None for what was forgotten."""
        found = list(self._subjects.changes())
        if self._has_news:
            found.append(("clock", orjson.dumps([self._now_ms, self._now, self._learned, self.late])))
        if self._has_learned:
            kinds = {what: kind.dump() for what, kind in self._subjects.kinds.items()}
            found.append(("usual", orjson.dumps([kinds, self._peaks.dump()])))
        self._has_news = self._has_learned = False
        return found

    def load(self, states: Mapping[str, bytes]) -> None:
        """Take up the state of another detector: the newest of each key of its `changes`."""
        plain = {key: orjson.loads(value) for key, value in states.items()}
        if not plain:
            return
        self._now_ms, self._now, self._learned, self.late = plain.pop("clock")
        if (usual := plain.pop("usual", None)) is not None:
            kinds, peaks = usual
            for what, kind in self._subjects.kinds.items():
                kind.load(kinds[what])
            self._peaks.load(peaks)
        self._subjects.load(plain, self._learned)
