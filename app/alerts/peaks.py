"""What stories usually reach: a story has no time of week of its own, so it is judged by all the others.

For each width of window the greatest count that each story reached in its first day is collected. Sizes of stories have
a heavy tail, a power law (Pareto). Its index is read between the greatest tenth and the greatest few in a thousand, as
the slope of the empirical tail on logarithmic axes: M. E. J. Newman, "Power laws, Pareto distributions and Zipf's law",
Contemporary Physics 46 (2005), 323-351. What lies beyond is not fitted: the bursts themselves lie there.
"""

from math import log
from typing import Any, Final

from app.alerts.rules import PER_DAY, WIDTHS, Rules

_BODY: Final = 0.1  # share of the stories where the tail begins
_EDGE: Final = 0.006  # and where the bursts may begin
_FIRST_INDEX: Final = 2.0
_TRUST: Final = 200.0  # stories after which what was seen outweighs the first guess
_LEAST_INDEX: Final = 1.5
_MOST_INDEX: Final = 4.0


class Peaks:
    """For each width: how many stories reached how many articles, newest stories weighing most."""

    def __init__(self, rules: Rules) -> None:
        self._fade = 0.5 ** (1 / rules.level_half_life)
        self.ended = 0  # stories, all of them
        self._stories = 0.0  # the same, fading
        self._buckets = 0.0
        self._reached: list[dict[int, float]] = [{} for _ in WIDTHS]
        self._tails: list[tuple[int, float, float]] | None = None

    def closed(self) -> None:
        """A bucket has ended: what was learned fades."""
        fade = self._fade
        self._stories *= fade
        self._buckets = self._buckets * fade + 1.0
        self._reached = [{c: w * fade for c, w in reached.items() if w > 1e-3} for reached in self._reached]
        self._tails = None

    def learn(self, peaks: list[int]) -> None:
        """A story has reached `peaks`, one for each width."""
        self._stories += 1
        self.ended += 1
        for reached, peak in zip(self._reached, peaks, strict=True):
            reached[peak] = reached.get(peak, 0.0) + 1.0
        self._tails = None

    def per_day(self) -> float:
        """Stories that begin in a day."""
        return PER_DAY * self._stories / self._buckets if self._buckets else 0.0

    def mean(self, number: int) -> float:
        """Articles in the fullest window of width `number` of a usual story."""
        reached = self._reached[number]
        return sum(c * w for c, w in reached.items()) / (sum(reached.values()) or 1.0)

    def chance(self, number: int, count: int) -> float:
        """The share of stories that reach `count` articles in a window of width `number`."""
        if self._tails is None:
            self._tails = [_tail(reached) for reached in self._reached]
        start, share, index = self._tails[number]
        if count <= start:
            return 1.0  # more is not asked: nothing below the tail is ever rare enough
        return float(share * (count / start) ** -index)

    def dump(self) -> list[Any]:
        """As JSON takes it."""
        reached = [[[c, w] for c, w in sorted(each.items())] for each in self._reached]
        return [self.ended, self._stories, self._buckets, reached]

    def load(self, dumped: list[Any]) -> None:
        """Inverse of `dump`."""
        self.ended, self._stories, self._buckets, reached = dumped
        self._reached = [{c: w for c, w in each} for each in reached]  # noqa: C416 - dict() takes no lists for mypy
        self._tails = None


def _tail(reached: dict[int, float]) -> tuple[int, float, float]:
    """Where the tail is left to extrapolation, the share of stories that reach so far, and its index."""
    total = sum(reached[count] for count in sorted(reached))
    if not total:
        return 1, 1.0, _FIRST_INDEX
    share, shares = 0.0, dict[int, float]()
    for count in sorted(reached, reverse=True):
        share += reached[count] / total
        shares[count] = share
    first = min((c for c, s in shares.items() if s <= _BODY), default=max(shares))
    edge = min((c for c, s in shares.items() if s <= _EDGE), default=max(shares))
    index = _FIRST_INDEX
    if edge > first:
        slope = log(shares[first] / shares[edge]) / log(edge / first)
        index = (slope * total + _FIRST_INDEX * _TRUST) / (total + _TRUST)
    return edge, max(shares[edge], 1 / total), min(_MOST_INDEX, max(_LEAST_INDEX, index))
