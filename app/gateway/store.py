"""The recent window of events in memory: a ring in order of arrival, and an index in order of time."""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from app.gateway.item import Item
from app.gateway.position import Position, in_order

_ORDER = attrgetter("order")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An item in the ring; `position` is a client's once it has this entry and all before it."""

    item: Item
    position: str


class Store:
    """At most `capacity` events; the oldest arrival leaves first.

    Sequence numbers count arrivals in this process; only `Position` means something outside of it.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._changed = asyncio.Event()
        self._clear("", {})

    def _clear(self, log: str, floors: Mapping[int, int]) -> None:
        self.log = log
        self.loaded = False
        self.first = self.next = 0  # sequence numbers of the ring: first <= n < next
        self._ring: list[Entry | None] = [None] * self.capacity
        self._by_time: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self.floors: dict[int, int] = {}  # every event of the partition from this offset on is here
        self.positions: dict[int, int] = {}
        self._text = ""
        self.add_partitions(floors)

    def reset(self, log: str, floors: Mapping[int, int]) -> None:
        """Start over for this log, whose window begins at these offsets."""
        self._clear(log, floors)

    def add_partitions(self, floors: Mapping[int, int]) -> None:
        """Take in partitions that are new, from these offsets on."""
        for partition, offset in floors.items():
            self.floors.setdefault(partition, offset)
            self.positions.setdefault(partition, offset)
        self._text = str(Position(self.log, tuple(in_order(self.positions))))

    @property
    def position(self) -> str:
        """What a client has that has everything here."""
        return self._text

    def __len__(self) -> int:
        return len(self._by_time)

    def append(self, item: Item) -> None:
        """Add an event. Raises ValueError when its offset was passed before."""
        if item.offset < self.positions[item.partition]:
            raise ValueError(f"partition {item.partition}: offset {item.offset} comes twice")
        self.positions[item.partition] = item.offset + 1
        self._text = str(Position(self.log, tuple(in_order(self.positions))))
        if self.next - self.first == self.capacity:
            self._evict()
        self._ring[self.next % self.capacity] = Entry(item, self._text)
        self.next += 1
        insort(self._by_time, item, key=_ORDER)
        self._by_id[item.id] = item

    def _evict(self) -> None:
        oldest = self.entry(self.first).item
        self.first += 1
        self.floors[oldest.partition] = oldest.offset + 1
        del self._by_time[bisect_left(self._by_time, oldest.order, key=_ORDER)]
        if self._by_id.get(oldest.id) is oldest:
            del self._by_id[oldest.id]

    def wake(self) -> None:
        """Tell everybody who waits that the store has changed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def changed(self) -> None:
        """Wait for the next `wake`."""
        await self._changed.wait()

    def entry(self, number: int) -> Entry:
        """The entry with a sequence number of the ring."""
        entry = self._ring[number % self.capacity]
        if entry is None or not self.first <= number < self.next:
            raise IndexError(number)
        return entry

    def get(self, event_id: str) -> Item | None:
        """The event with this id, or None when the window has none."""
        return self._by_id.get(event_id)

    def newest_first(self, before: tuple[int, int, int] | None = None) -> Iterator[Item]:
        """Events by time, newest first; with `before`, those that sort below it. Do not suspend while iterating."""
        end = len(self._by_time) if before is None else bisect_left(self._by_time, before, key=_ORDER)
        return (self._by_time[index] for index in range(end - 1, -1, -1))

    def has_gap_after(self, position: Position) -> bool:
        """Whether events after this position may have left the window (or lie in another log)."""
        return position.log != self.log or any(position.of(p) < floor for p, floor in self.floors.items())

    def resume_at(self, position: Position) -> int:
        """The lowest sequence number that a client with this position may lack."""
        if position.log != self.log:
            return self.first
        behind = {p for p, offset in self.positions.items() if position.of(p) < offset}
        number = self.next
        # Offsets of one partition stand in order: a partition is done at the first entry that the client has.
        for candidate in range(self.next - 1, self.first - 1, -1):
            if not behind:
                break
            item = self.entry(candidate).item
            if item.offset >= position.of(item.partition):
                number = candidate
            else:
                behind.discard(item.partition)
        return number
