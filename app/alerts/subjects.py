"""Every subject that is watched, within bounds, and which of them have changed since their state was last kept."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from app.alerts.baseline import Baseline, Kind
from app.alerts.burst import Burst, Subject
from app.alerts.observation import Observation
from app.alerts.recent import Recent
from app.alerts.rules import WIDTHS, Rules

What = Subject | Literal["all"]
SUBJECTS: Final[tuple[Subject, ...]] = ("topic", "country", "story")
STEADY: Final[tuple[What, ...]] = ("all", "country", "topic")  # whose week is learned; "all" has one subject, itself


@dataclass(slots=True)
class Tracked:
    """What is known of one subject: a topic or a country has a baseline, a story has peaks and a rate of its own."""

    recent: Recent
    baseline: Baseline | None
    born: int
    active: int  # the bucket in which it last counted an article
    burst: Burst | None = None
    peaks: list[int] = field(default_factory=lambda: [0] * len(WIDTHS))
    has_taught: bool = False  # a story's peaks are part of what is usual

    @property
    def is_bursting(self) -> bool:
        """Whether a burst goes on."""
        return self.burst is not None and self.burst.is_open

    def own_rate(self, before: int, span: int) -> float:
        """Articles a bucket that a story brought in the `span` buckets before one."""
        first = max(self.born, before - span)
        return self.recent.between(first, before - 1) / (before - first + 4.0) if first < before else 0.0

    def dump(self) -> bytes:
        """As it is kept; the baseline is kept apart, since it changes but once a bucket."""
        burst = self.burst.dump() if self.burst else None
        return orjson.dumps([self.recent.dump(), self.born, self.active, burst, self.peaks, self.has_taught])


class Subjects:
    """Topics, countries, stories, and all of them together."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.kinds: dict[What, Kind] = {what: Kind(rules) for what in STEADY}
        self.of: dict[What, dict[str, Tracked]] = {what: {} for what in (*STEADY, "story")}
        self.due: defaultdict[int, set[str]] = defaultdict(set)  # stories to look at when a bucket is learned from
        self._most: dict[What, int] = {
            "all": 1,
            "topic": rules.most_topics,
            "country": rules.most_countries,
            "story": rules.most_stories,
        }
        self._changed: set[tuple[str, What, str]] = set()

    def count(self, what: What, value: str, bucket: int, now: int, seen: Observation) -> Tracked | None:
        """Count an event for a subject; None when its publisher has said enough about it."""
        tracked = self.of[what].get(value) or self._new(what, value, now)
        if not tracked.recent.add(
            bucket, seen.family, seen.id, seen.story, self.rules, capped=what in ("topic", "country")
        ):
            return None
        tracked.active = now
        self.changed(what, value)
        return tracked

    def _new(self, what: What, value: str, now: int) -> Tracked:
        known = self.of[what]
        if len(known) >= self._most[what]:
            quiet = sorted(known, key=lambda each: (known[each].is_bursting, known[each].active, each))
            for each in quiet[: 1 + len(quiet) // 10]:
                self.forget(what, each)
        baseline = None
        if what == "story":
            self.due[now + self.rules.story_age].add(value)
        else:
            baseline = Baseline(self.kinds[what], self.kinds[what].usual(len(known)))
            self.learned(what, value)
        known[value] = Tracked(Recent(), baseline, now, now)
        return known[value]

    def forget(self, what: What, value: str) -> None:
        """Watch a subject no longer."""
        had = self.of[what].pop(value)
        self.changed(what, value)
        if had.baseline is not None:
            self.learned(what, value)

    def bursting(self, what: What) -> list[tuple[str, Tracked]]:
        """The subjects in which a burst goes on, in an order that a restart does not change."""
        return sorted(((v, t) for v, t in self.of[what].items() if t.is_bursting), key=lambda found: found[0])

    def baselines(self, what: What) -> list[tuple[str, Tracked, Baseline]]:
        """The subjects that have one, in an order that a restart does not change."""
        known = sorted(self.of[what].items(), key=lambda found: found[0])
        return [(value, each, each.baseline) for value, each in known if each.baseline is not None]

    # -- state ---------------------------------------------------------------------------------------------------------

    def changed(self, what: What, value: str) -> None:
        """Keep a subject's state anew."""
        self._changed.add(("now", what, value))

    def learned(self, what: What, value: str) -> None:
        """Keep a subject's baseline anew."""
        self._changed.add(("usual", what, value))

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """State by key, of what has changed since the last call; None for what was forgotten."""
        for part, what, value in sorted(self._changed):
            tracked, key = self.of[what].get(value), f"{part} {what} {value}"
            if tracked is None:
                yield key, None
            elif part == "now":
                yield key, tracked.dump()
            elif tracked.baseline is not None:
                yield key, orjson.dumps(tracked.baseline.dump())
        self._changed.clear()

    def load(self, states: Mapping[str, Any], learned: int) -> None:
        """Inverse of all `changes`, the newest of each key; kinds must have been loaded before.

        `learned`: the bucket that is learned from next.
        """
        for what, known in self.of.items():
            prefix = f"now {what} "
            for value, state in ((key.removeprefix(prefix), s) for key, s in states.items() if key.startswith(prefix)):
                recent, born, active, burst, peaks, taught = state
                tracked = known[value] = Tracked(Recent.load(recent), None, born, active, None, peaks, taught)
                tracked.burst = Burst(**burst) if burst else None
                if what != "story":
                    tracked.baseline = Baseline(self.kinds[what], 1.0)
                    tracked.baseline.load(states[f"usual {what} {value}"])
                    continue
                due = active + 2 * self.rules.story_age if taught else born + self.rules.story_age
                self.due[max(due, learned)].add(value)
