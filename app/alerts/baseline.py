"""What is usual for a topic or a country: a level, times the shape of its week, and how far counts scatter about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from app.alerts.negative_binomial import deviation
from app.alerts.profile import Fading, Shape, hour_of_week, shape
from app.alerts.recent import Recent
from app.alerts.rules import WIDTHS, Rules

_FIRST_DISPERSION: Final = 0.15
_FIRST_CLUSTER: Final = 2.0
_SPREAD_TRUST: Final = 120.0  # squared articles after which a subject's own scatter outweighs its kind's
_LEAST_DISPERSION: Final = 0.02
_CLIP: Final = 2.5  # deviations beyond the expected that a single bucket may teach
_BURST_CLIP: Final = 1.0  # the same while a burst is told: a level that stays high is learned in the end
_MOST_CLIP_DISPERSION: Final = 0.4  # or scatter that bursts have taught would let the next one teach more
_STEADY: Final = 0.25  # articles a bucket from which on empty buckets are news too
_MEAN_PRIOR: Final = 1.0  # articles' worth of trust in what a usual subject of the kind brings
_LEAST_USUAL: Final = 0.02  # articles a bucket: two a day


@dataclass(slots=True)
class Spread:
    """Squared deviations, less what Poisson explains, over squared means: the over-dispersion, for each width."""

    excess: list[float] = field(default_factory=lambda: [0.0] * len(WIDTHS))
    squares: list[float] = field(default_factory=lambda: [0.0] * len(WIDTHS))

    def learn(self, number: int, observed: float, expected: float, keep: float) -> None:
        """Take in what a window of width `number` brought."""
        self.excess[number] = self.excess[number] * keep + (observed - expected) ** 2 - expected
        self.squares[number] = self.squares[number] * keep + expected * expected

    def dispersion(self, number: int, prior: float, trust: float = _SPREAD_TRUST) -> float:
        """The over-dispersion of windows of width `number`, shrunk towards `prior`."""
        return max(_LEAST_DISPERSION, (self.excess[number] + trust * prior) / (self.squares[number] + trust))


class Kind:
    """What all topics, or all countries, have in common: the shape of the week, and the scatter."""

    def __init__(self, rules: Rules) -> None:
        self._keep = 0.5 ** (1 / rules.profile_half_life_weeks)
        self._fade: float = 0.5 ** (1 / rules.level_half_life)
        self.counts = Fading(self._keep)
        self.exposure = Fading(self._keep)
        self.spread = Spread()
        self.clusters = Spread()  # of subjects so small that articles that come together are most of their scatter
        self.shape = Shape()
        self.buckets = 0  # that were learned from

    @property
    def fade(self) -> float:
        """By how much a level's past fades from one bucket to the next."""
        return self._fade

    def new_counts(self) -> Fading:
        """Sums for one subject, which fade as this kind's do."""
        return Fading(self._keep)

    def closed(self, bucket: int, count: float) -> None:
        """A bucket has ended, with so many articles of all subjects together, each clipped."""
        self.buckets += 1
        self.counts.add(bucket, count)
        self.exposure.add(bucket, 1.0)
        self.refresh()

    def refresh(self) -> None:
        """Make the shape anew from what was counted."""
        self.shape = Shape.of(self.counts, self.exposure)

    def usual(self, subjects: int) -> float:
        """Articles a bucket of a usual subject, of so many."""
        if self.exposure.total <= 0:
            return 0.1
        return max(_LEAST_USUAL, self.counts.total / self.exposure.total / max(1, subjects))

    def dispersion(self, number: int, expected: float) -> float:
        """The over-dispersion of a usual subject of which so many articles are expected.

        Two parts: rates that vary, the same at any level; and articles that come in clusters, which tells most where
        few are expected.
        """
        rates = self.spread.dispersion(number, _FIRST_DISPERSION, 10 * _SPREAD_TRUST)
        clusters = self.clusters
        size = (clusters.excess[number] + _SPREAD_TRUST * _FIRST_CLUSTER) / (clusters.squares[number] + _SPREAD_TRUST)
        return rates + max(0.0, size - 1.0) / max(expected, 0.01)

    def learn_clusters(self, bucket: int, small: "Iterable[tuple[Recent, Baseline]]") -> None:
        """What the windows that end with `bucket` hold, of subjects that bring little: variance over mean."""
        due = [(number, width) for number, width in enumerate(WIDTHS) if bucket % width == width - 1]
        last = due[-1][0] + 1
        excess, squares = [0.0] * last, [0.0] * last
        for recent, baseline in small:
            observed = recent.ending_at(bucket, last)
            expected = baseline.expected_ending_at(bucket, last)
            for number in range(last):
                seen = min(float(observed[number]), _most(expected[number], self.dispersion(number, expected[number])))
                excess[number] += (seen - expected[number]) ** 2
                squares[number] += expected[number]
        for number, width in due:
            keep = self._fade**width
            self.clusters.excess[number] = self.clusters.excess[number] * keep + excess[number]
            self.clusters.squares[number] = self.clusters.squares[number] * keep + squares[number]

    def dump(self) -> list[Any]:
        """As JSON takes it."""
        sums = [[f.dump(), f.days, f.total] for f in (self.counts, self.exposure)]
        spreads = [[s.excess, s.squares] for s in (self.spread, self.clusters)]
        return [sums, spreads, self.buckets]

    def load(self, dumped: list[Any]) -> None:
        """Inverse of `dump`."""
        sums, (spread, clusters), self.buckets = dumped
        for fading, dump in zip((self.counts, self.exposure), sums, strict=True):
            fading.load(*dump)
        self.spread, self.clusters = Spread(*spread), Spread(*clusters)
        self.refresh()


def _most(expected: float, dispersion: float, clip: float = _CLIP) -> float:
    """The count that is learned at most: a burst shall teach little."""
    return expected + clip * deviation(expected, min(dispersion, _MOST_CLIP_DISPERSION)) + 1.0


class Baseline:
    """One subject's. The level is a gamma posterior: `articles` seen where `exposure` usual buckets passed."""

    __slots__ = ("_expected", "_kind", "articles", "counts", "exposure", "last", "spread", "usual")

    def __init__(self, kind: Kind, usual: float) -> None:
        self._kind = kind
        self._expected: dict[int, float] = {}  # by hour of the week
        self.counts = kind.new_counts()
        self.articles = 0.0
        self.exposure = 0.0
        self.last = 0  # a subject that was never seen has been silent since the beginning
        self.spread = Spread()
        self.usual = usual

    def level(self) -> float:
        """Articles in a bucket of mean shape."""
        return (_MEAN_PRIOR + self.articles) / (_MEAN_PRIOR / self.usual + self.exposure)

    def expected(self, bucket: int) -> float:
        """Articles that the time of week lets expect in a bucket."""
        hour = hour_of_week(bucket)
        known = self._expected.get(hour)
        if known is None:
            known = self._expected[hour] = self.level() * self._shape(bucket)
        return known

    def _shape(self, bucket: int) -> float:
        return max(0.02, shape(hour_of_week(bucket), self.counts, self._kind.exposure, self._kind.shape))

    def expected_ending_at(self, bucket: int, widths: int = len(WIDTHS)) -> list[float]:
        """The same for the windows of each width, or the first so many, that end with `bucket`."""
        sums, total, begin = [], 0.0, bucket
        for width in WIDTHS[:widths]:
            while begin > bucket - width:
                total += self.expected(begin)
                begin -= 1
            sums.append(total)
        return sums

    def dispersion(self, number: int, expected: float) -> float:
        """How far counts scatter beyond chance in windows of width `number` where so many articles are expected."""
        own = self.spread.dispersion(number, self._kind.dispersion(number, expected))
        return own + 1.0 / (_MEAN_PRIOR + self.articles)  # a young level is uncertain itself

    @property
    def is_steady(self) -> bool:
        """Whether a bucket without articles is worth learning from by itself."""
        return self.level() >= _STEADY

    def learn(self, bucket: int, recent: Recent, *, in_burst: bool) -> float:
        """Take in a bucket that has ended; returns its count, clipped so that a burst teaches little."""
        expected = self.expected(bucket)
        most = _most(expected, self.dispersion(0, expected), _BURST_CLIP if in_burst else _CLIP)
        count = min(float(recent.counts.get(bucket, 0)), most)
        if not in_burst:
            self._learn_spread(bucket, recent)
        fade, skipped = self._kind.fade, self._kind.buckets - self.last
        # What was skipped was empty; its hours were of mean shape, near enough.
        empty = (1 - fade**skipped) / (1 - fade) if skipped else 0.0
        kept = fade ** (skipped + 1)
        self.exposure = self.exposure * kept + empty * fade + self._shape(bucket)
        self.articles = self.articles * kept + count
        self.last = self._kind.buckets + 1
        self.counts.add(bucket, count)
        self._expected.clear()
        return count

    def _learn_spread(self, bucket: int, recent: Recent) -> None:
        if not self.is_steady:
            return
        observed = recent.ending_at(bucket)
        expected = self.expected_ending_at(bucket)
        for number, width in enumerate(WIDTHS):
            if bucket % width == width - 1 and expected[number] > 0:
                scatter = self._kind.dispersion(number, expected[number])  # its own would learn from bursts
                seen = min(float(observed[number]), _most(expected[number], scatter))
                keep = self._kind.fade**width
                self.spread.learn(number, seen, expected[number], keep)
                self._kind.spread.learn(number, seen, expected[number], self._kind.fade**0.05)

    def outdated(self) -> None:
        """The kind's shape has changed: expectations are made anew."""
        self._expected.clear()

    def dump(self) -> list[Any]:
        """As JSON takes it."""
        counts = [self.counts.dump(), self.counts.days, self.counts.total]
        return [counts, self.articles, self.exposure, self.last, self.spread.excess, self.spread.squares, self.usual]

    def load(self, dumped: list[Any]) -> None:
        """Inverse of `dump`."""
        counts, self.articles, self.exposure, self.last, excess, squares, self.usual = dumped
        self.counts.load(*counts)
        self.spread = Spread(list(excess), list(squares))
        self._expected.clear()
