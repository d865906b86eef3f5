"""Compact answers to "how many lie between these two offsets of one partition?"."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class Runs:
    """Which offsets hold a record: 16 bytes for each run without a hole. Offsets are added in order."""

    def __init__(self) -> None:
        self._starts = array("q")
        self._before = array("q")  # records before the run
        self._next = -1
        self.total = 0

    def add(self, offset: int) -> None:
        """There is a record at `offset`."""
        if offset != self._next:
            self._starts.append(offset)
            self._before.append(self.total)
        self._next = offset + 1
        self.total += 1

    def count(self, first: int, end: int) -> int:
        """Records in [first, end)."""
        return self._below(end) - self._below(first)

    def _below(self, offset: int) -> int:
        run = bisect_right(self._starts, offset - 1) - 1
        if run < 0:
            return 0
        until = self._before[run + 1] if run + 1 < len(self._before) else self.total
        return min(self._before[run] + offset - self._starts[run], until)


class Weights:
    """Records that count for several: 16 bytes each. Offsets are added in order."""

    def __init__(self) -> None:
        self._offsets = array("q")
        self._before = array("q")
        self.total = 0

    def add(self, offset: int, weight: int) -> None:
        """The record at `offset` counts for `weight`."""
        self._offsets.append(offset)
        self._before.append(self.total)
        self.total += weight

    def count(self, first: int, end: int) -> int:
        """The weight of the records in [first, end)."""
        return self._below(end) - self._below(first)

    def _below(self, offset: int) -> int:
        at = bisect_left(self._offsets, offset)
        return self._before[at] if at < len(self._before) else self.total


class Positions:
    """A multiset of offsets, added in any order; 8 bytes each."""

    def __init__(self) -> None:
        self._offsets = array("q")
        self._sorted = True

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, offset: int) -> bool:
        return self.count(offset, offset + 1) > 0

    def add(self, offset: int) -> None:
        """One more at `offset`."""
        if self._offsets and offset < self._offsets[-1]:
            self._sorted = False
        self._offsets.append(offset)

    def count(self, first: int, end: int) -> int:
        """How many lie in [first, end)."""
        self._sort()
        return bisect_left(self._offsets, end) - bisect_left(self._offsets, first)

    def repeated(self) -> Iterator[int]:
        """Offsets that were added more than once."""
        self._sort()
        for earlier, later in zip(self._offsets, self._offsets[1:], strict=False):
            if earlier == later:
                yield later

    def _sort(self) -> None:
        if not self._sorted:
            self._offsets = array("q", sorted(self._offsets))
            self._sorted = True
