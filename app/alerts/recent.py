"""The last hours of one subject: how many articles each quarter of an hour brought, and from whom."""

from collections import Counter
from typing import Any, Final
from zlib import crc32

from app.alerts.rules import PER_HOUR, WIDTHS, Rules

_MOST_FAMILIES: Final = 200  # distinct ones remembered in a bucket; more say nothing more
_NEWEST: Final = 20


class Recent:
    """Counts by bucket. A family counts at most `Rules.family_cap` times in one, so that nobody makes a burst alone.

    For topics and countries a story counts at most `Rules.story_cap` times in an hour: what is told of them is many
    happenings, and one that is big is told as a story.
    """

    __slots__ = ("_stories", "counts", "families", "newest")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.families: dict[int, dict[int, int]] = {}
        self.newest: list[tuple[int, str, str | None]] = []  # bucket, event, story
        self._stories: dict[int, dict[str, int]] = {}  # by hour

    def add(self, bucket: int, family: str, event: str, story: str | None, rules: Rules, *, capped: bool) -> bool:
        """Count an article; False when its family has said enough, or its story, where those are `capped`."""
        number, hour = crc32(family.encode("utf-8", "surrogatepass")), bucket // PER_HOUR
        families = self.families.get(bucket, {})
        said = families.get(number, 0)
        if said >= rules.family_cap or (not said and len(families) >= _MOST_FAMILIES):
            return False
        if capped and story is not None:
            stories = self._stories.get(hour, {})
            if stories.get(story, 0) >= rules.story_cap:
                return False
            self._stories.setdefault(hour, {})[story] = stories.get(story, 0) + 1
        if bucket not in self.families and len(self.families) >= rules.kept:
            self._forget(max(bucket, self.last) - rules.kept + 1)
        self.families.setdefault(bucket, {})[number] = said + 1
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.newest.append((bucket, event, story))
        if len(self.newest) > 2 * _NEWEST:
            del self.newest[:_NEWEST]
        return True

    def ending_at(self, bucket: int, widths: int = len(WIDTHS)) -> list[int]:
        """Articles in the windows of each width, or the first so many, that end with `bucket`."""
        sums, total, get = [], 0, self.counts.get
        begin = bucket
        for width in WIDTHS[:widths]:
            while begin > bucket - width:
                total += get(begin, 0)
                begin -= 1
            sums.append(total)
        return sums

    def between(self, first: int, last: int) -> int:
        """Articles in the buckets `first` to `last`, both included."""
        return sum(self.counts.get(bucket, 0) for bucket in range(first, last + 1))

    def families_between(self, first: int, last: int) -> int:
        """How many families they come from."""
        return len(set().union(*(self.families.get(bucket, ()) for bucket in range(first, last + 1))))

    def events(self, first: int, limit: int = 10) -> list[str]:
        """Some articles since the bucket `first`, newest first."""
        return [event for bucket, event, _ in reversed(self.newest) if bucket >= first][:limit]

    def stories(self, first: int, limit: int = 5) -> list[str]:
        """The stories of the newest articles since the bucket `first`, greatest first."""
        counts = Counter(story for bucket, _, story in self.newest if bucket >= first and story is not None)
        return [story for story, _ in sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:limit]]

    def _forget(self, before: int) -> None:
        for bucket in [bucket for bucket in self.families if bucket < before]:
            del self.families[bucket]
            self.counts.pop(bucket, None)
        for hour in [hour for hour in self._stories if (hour + 1) * PER_HOUR <= before]:
            del self._stories[hour]

    @property
    def last(self) -> int:
        """The newest bucket that holds an article; 0 when none does."""
        return max(self.counts, default=0)

    def dump(self) -> list[Any]:
        """As JSON takes it."""
        buckets = [[b, n, list(map(list, self.families.get(b, {}).items()))] for b, n in self.counts.items()]
        return [buckets, self.newest, [[hour, list(said.items())] for hour, said in self._stories.items()]]

    @classmethod
    def load(cls, dumped: list[Any]) -> "Recent":
        """Inverse of `dump`."""
        recent = cls()
        buckets, newest, stories = dumped
        recent.counts = {bucket: count for bucket, count, _ in buckets}
        recent.families = {bucket: {int(f): n for f, n in families} for bucket, _, families in buckets}
        recent.newest = [(bucket, event, story) for bucket, event, story in newest]
        recent._stories = {hour: dict(said) for hour, said in stories}
        return recent
