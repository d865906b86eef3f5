"""The recent records in memory, ready to send: a ring in order of arrival."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.gateway.frames import frame
from app.gateway.item import Item
from app.gateway.position import Place, Position


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An item in the ring; `position` is a client's once it has this entry and all before it."""

    item: Item
    position: str

    def frame(self) -> bytes:
        """What such a client is sent."""
        return frame(self.item.json, position=self.position, event=self.item.kind)


@dataclass(slots=True)
class _Arrivals:
    """The entries of one partition: offsets in order, and their numbers in the ring; the first `gone` have left."""

    offsets: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    gone: int = 0

    def leave(self) -> None:
        """The oldest has left the ring; the lists are cut now and then, so that this costs next to nothing."""
        self.gone += 1
        if self.gone > 1000 and self.gone * 2 > len(self.offsets):
            del self.offsets[: self.gone], self.numbers[: self.gone]
            self.gone = 0


class Store:
    """At most `capacity` records; the oldest arrival leaves first.

    Sequence numbers count arrivals in this process; only `Position` means something outside of it.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.on_change: Callable[[], None] = lambda: None
        self._ready = asyncio.Event()
        self.next = self.live_from = 0
        self.reset("", {})

    def reset(self, log: str, floors: Mapping[Place, int]) -> None:
        """Start over for this log, whose window begins at these offsets. Numbers go on."""
        self.log = log
        self._ready.clear()
        self.first = self.next  # sequence numbers of the ring: first <= n < next
        self._ring: list[Entry | None] = [None] * self.capacity
        self._arrivals: dict[Place, _Arrivals] = {}
        self.floors: dict[Place, int] = {}  # every record of the partition from this offset on is here
        self.positions: dict[Place, int] = {}
        self._text = ""
        self.add_partitions(floors)

    def add_partitions(self, floors: Mapping[Place, int]) -> None:
        """Take in partitions that are new, from these offsets on."""
        for place, offset in floors.items():
            self.floors.setdefault(place, offset)
            self.positions.setdefault(place, offset)
            self._arrivals.setdefault(place, _Arrivals())
        self._text = str(Position.at(self.log, self.positions))

    @property
    def loaded(self) -> bool:
        """Whether the recent window has been read."""
        return self._ready.is_set()

    def set_loaded(self) -> None:
        """The recent window has been read: what comes from now on is news."""
        self.live_from = self.next
        self._ready.set()

    async def until_loaded(self) -> None:
        """Wait for that."""
        await self._ready.wait()

    @property
    def position(self) -> str:
        """What a client has that has everything here."""
        return self._text

    def __len__(self) -> int:
        return self.next - self.first

    def append(self, item: Item) -> None:
        """Add a record. Raises ValueError when its offset was passed before."""
        if item.offset < self.positions[item.place]:
            raise ValueError(f"{item.place}: offset {item.offset} comes twice")
        self.positions[item.place] = item.offset + 1
        self._text = str(Position.at(self.log, self.positions))
        if self.next - self.first == self.capacity:
            self._evict()
        self._ring[self.next % self.capacity] = Entry(item, self._text)
        arrivals = self._arrivals[item.place]
        arrivals.offsets.append(item.offset)
        arrivals.numbers.append(self.next)
        self.next += 1

    def _evict(self) -> None:
        oldest = self.entry(self.first).item
        self.first += 1
        self.floors[oldest.place] = oldest.offset + 1
        self._arrivals[oldest.place].leave()

    def entry(self, number: int) -> Entry:
        """The entry with a sequence number of the ring."""
        entry = self._ring[number % self.capacity]
        if entry is None or not self.first <= number < self.next:
            raise IndexError(number)
        return entry

    def position_at(self, number: int) -> str:
        """The position of one that has every entry below this sequence number, of which one at least is here."""
        return self._text if number == self.next else self.entry(number - 1).position

    def has_gap_after(self, position: Position, channels: frozenset[int]) -> bool:
        """Whether records of these channels after this position may have left the window (or lie in another log)."""
        return position.log != self.log or any(
            position.of(place) < floor for place, floor in self.floors.items() if place[0] in channels
        )

    def resume_at(self, position: Position) -> int:
        """The lowest sequence number that a client with this position may lack."""
        if position.log != self.log:
            return self.first
        number = self.next
        for place, arrivals in self._arrivals.items():
            # Offsets of one partition stand in order: the first that the client has not got.
            index = bisect_left(arrivals.offsets, position.of(place), lo=arrivals.gone)
            if index < len(arrivals.numbers):
                number = min(number, arrivals.numbers[index])
        return number
