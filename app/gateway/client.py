"""One reader of the event stream: its place in the store's ring, and the frames that it is sent."""

import asyncio
from collections.abc import Callable

import orjson

from app.gateway.item import Item
from app.gateway.position import Position, in_order
from app.gateway.store import Store

CHUNK_EVENTS = 64  # most events in one write
CHUNK_SCANNED = 2000  # most events looked at before others get their turn
RECONNECT_MS = 1000


def frame(data: bytes, *, position: str | None = None, event: str | None = None) -> bytes:
    """One server-sent event; `data` is a single line."""
    head = (f"event: {event}\n" if event else "") + (f"id: {position}\n" if position else "")
    return b"%sdata: %s\n\n" % (head.encode(), data)


class Client:
    """One reader of the stream: where it stands in the ring, and what it has of each partition."""

    def __init__(self, store: Store, matches: Callable[[Item], bool], after: Position | None) -> None:
        self.store = store
        self._log = store.log
        self.task = asyncio.current_task()
        self.drop_reason: str | None = None
        self.writing_since: tuple[int, float] | None = None  # (store.next, loop time) when a write began to wait
        self._matches = matches
        self._gap = after is not None and store.has_gap_after(after)
        self._cursor = store.next if after is None else store.resume_at(after)
        # What the client has, while that differs from what the store says at its place in the ring: after a resume,
        # when partitions may interleave otherwise than they did for the client. None once it has caught up.
        self._has = None if after is None else dict(enumerate(after.offsets))
        if after is not None and after.log != store.log:
            self._has = dict(store.floors)

    @property
    def position(self) -> str:
        """Everything that the client has got, events that it did not ask for included."""
        if self._has is None:
            return self.store.position if self.caught_up else self.store.entry(self._cursor - 1).position
        return str(Position(self.store.log, tuple(in_order(self._has))))

    @property
    def caught_up(self) -> bool:
        """Whether the client has walked the whole ring."""
        return self._cursor == self.store.next

    def hello(self) -> bytes:
        """The first frames: how to reconnect, the position to resume from, and whether events are missing."""
        start = b"retry: %d\n" % RECONNECT_MS + frame(b"{}", position=self.position, event="hello")
        if not self._gap:
            return start
        why = orjson.dumps({"reason": "position-outside-window", "window": self.store.capacity})
        return start + frame(why, event="gap")

    def take(self) -> bytes:
        """The frames of the next events that the client wants; empty when the next ones are not for it."""
        frames: list[bytes] = []
        end = min(self.store.next, self._cursor + CHUNK_SCANNED)
        while self._cursor < end and len(frames) < CHUNK_EVENTS:
            entry = self.store.entry(self._cursor)
            self._cursor += 1
            item = entry.item
            if self._has is not None:
                if item.offset < self._has.get(item.partition, 0):
                    continue
                self._has[item.partition] = item.offset + 1
            if self._matches(item):
                frames.append(frame(item.json, position=entry.position if self._has is None else self.position))
        if self._has is not None and self.caught_up and self._covered():
            self._has = None
        return b"".join(frames)

    def _covered(self) -> bool:
        """Whether the store has everything that the client has (another gateway may have been ahead of this one)."""
        return all(offset <= self.store.positions.get(p, 0) for p, offset in (self._has or {}).items())

    @property
    def lost(self) -> str | None:
        """Why the client cannot go on: events that it lacks have left the ring, or another log has taken its place."""
        if self.store.log != self._log:
            return "log-replaced"
        return "slow" if self._cursor < self.store.first else None
