"""What a lane remembers: a bounded window of 16-byte keys, each with a small fixed-width payload."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

GENERATIONS: Final = 8


@dataclass(slots=True)
class _Generation:
    started_ms: int
    newest_ms: int
    entries: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact to remember: `key` (16 bytes), `payload` (fixed width), `at_ms` since the epoch."""

    key: bytes
    payload: bytes
    at_ms: int


class Memory:
    """Remembers entries for `window_ms`, at most `max_entries` of them, in generations that are dropped whole.

    Dropping an eighth at a time keeps every operation O(1) and needs no timestamp per entry; so an entry lives between
    7/8 of the window and the whole of it. `evicted` counts entries dropped before that because the bound was reached.
    """

    def __init__(self, window_ms: int, max_entries: int) -> None:
        self._span_ms = max(1, window_ms // GENERATIONS)
        self._window_ms = window_ms
        self._per_generation = max(1, max_entries // GENERATIONS)
        self._generations: deque[_Generation] = deque()
        self.evicted = 0

    def __len__(self) -> int:
        return sum(len(generation.entries) for generation in self._generations)

    def get(self, key: bytes) -> bytes | None:
        """The payload last remembered for `key`, or None."""
        for generation in self._generations:
            if (payload := generation.entries.get(key)) is not None:
                return payload
        return None

    def is_fading(self, key: bytes) -> bool:
        """Whether `key` is known only to older generations: to see it again is worth remembering anew."""
        return bool(self._generations) and key not in self._generations[0].entries

    def remember(self, entries: Iterable[Entry]) -> None:
        """Take in entries, oldest first; later ones for the same key replace earlier ones."""
        for entry in entries:
            self._current(entry.at_ms).entries[entry.key] = entry.payload

    def _current(self, now_ms: int) -> _Generation:
        if self._generations:
            newest = self._generations[0]
            if len(newest.entries) < self._per_generation and now_ms - newest.started_ms < self._span_ms:
                newest.newest_ms = max(newest.newest_ms, now_ms)
                return newest
        self._generations.appendleft(_Generation(now_ms, now_ms))
        self._forget(now_ms)
        return self._generations[0]

    def _forget(self, now_ms: int) -> None:
        while now_ms - self._generations[-1].newest_ms > self._window_ms:
            self._generations.pop()
        while len(self._generations) > GENERATIONS:
            dropped = self._generations.pop()
            if now_ms - dropped.newest_ms < self._window_ms - self._span_ms:
                self.evicted += len(dropped.entries)


class Pending:
    """A transaction's view of a Memory: what the batch adds stays here until the transaction has committed.

    Or, nested, an attempt's view of a transaction: what it adds stays here until the attempt is absorbed.
    """

    def __init__(self, memory: "Memory | Pending") -> None:
        self._memory = memory
        self._added: dict[bytes, Entry] = {}

    def get(self, key: bytes) -> bytes | None:
        """The payload for `key` as this transaction sees it."""
        entry = self._added.get(key)
        return entry.payload if entry is not None else self._memory.get(key)

    def put(self, entry: Entry) -> None:
        """Remember `entry`, if the transaction commits."""
        self._added[entry.key] = entry

    def is_fading(self, key: bytes) -> bool:
        """Whether `key` is known only to older generations, and not remembered anew here."""
        return key not in self._added and self._memory.is_fading(key)

    def refresh(self, entry: Entry) -> None:
        """Remember a known `entry` anew if it would fade out of the window soon."""
        if self.is_fading(entry.key):
            self._added[entry.key] = entry

    def nested(self) -> "Pending":
        """A view on top of this one, for an attempt that may fail; `absorb` it when it did not."""
        return Pending(self)

    def absorb(self, child: "Pending") -> None:
        """Take over what a nested view added."""
        self.remember(child._added.values())

    @property
    def entries(self) -> list[Entry]:
        """What this transaction adds, in order."""
        return list(self._added.values())

    def commit(self) -> None:
        """The transaction has committed: hand everything to the memory."""
        self._memory.remember(self._added.values())

    def remember(self, entries: Iterable[Entry]) -> None:
        """Take in what a nested view added."""
        for entry in entries:
            self.put(entry)
