"""One reader of the stream: its place in the store's ring, and the frames that it is sent."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from app.gateway.frames import RECONNECT_MS, frame
from app.gateway.item import Item
from app.gateway.position import Position
from app.gateway.store import Store

CHUNK_EVENTS = 64  # most events in one write
CHUNK_SCANNED = 2000  # most events looked at before others get their turn
Matcher = Callable[[Item], bool]


class Client:
    """One reader of the stream: where it stands in the ring, and what it has of each partition."""

    def __init__(self, store: Store, matches: Matcher, channels: frozenset[int], after: Position | None) -> None:
        self.store = store
        self._log = store.log
        self.task = asyncio.current_task()
        self.transport: asyncio.Transport | None = None
        self.chunked = False
        self.address = ""
        self.since = asyncio.get_running_loop().time()
        self.drop_reason: str | None = None
        self.writing_since: tuple[int, float] | None = None  # (store.next, loop time) when a write began to wait
        self.stuck_since: float | None = None  # loop time since when bytes wait for the peer, in step with its group
        self.behind = asyncio.Event()  # set by its group: go on at `cursor` by yourself
        self._matches = matches
        self._gap = after is not None and store.has_gap_after(after, channels)
        self.cursor = store.next if after is None else store.resume_at(after)
        # What the client has, while that differs from what the store says at its place in the ring: after a resume,
        # when partitions may interleave otherwise than they did for the client. None once it has caught up.
        self._has = None if after is None else after.places()
        if after is not None and after.log != store.log:
            self._has = dict(store.floors)

    @property
    def position(self) -> str:
        """Everything that the client has got, records that it did not ask for included."""
        if self._has is None:
            return self.store.position_at(self.cursor)
        return str(Position.at(self.store.log, self._has))

    @property
    def waiting(self) -> int:
        """Bytes that its connection has not taken yet."""
        return self.transport.get_write_buffer_size() if self.transport else 0

    @property
    def caught_up(self) -> bool:
        """Whether the client has walked the whole ring."""
        return self.cursor == self.store.next

    @property
    def in_step(self) -> bool:
        """Whether the client has exactly what the store has: from here on it may share frames with others."""
        return self.caught_up and self._has is None

    def hello(self, about: Any) -> bytes:
        """The first frames: how to reconnect, the position to resume from, and whether records are missing."""
        start = b"retry: %d\n" % RECONNECT_MS + frame(orjson.dumps(about), position=self.position, event="hello")
        if not self._gap:
            return start
        why = orjson.dumps({"reason": "position-outside-window", "window": self.store.capacity})
        return start + frame(why, event="gap")

    def take(self) -> bytes:
        """The frames of the next records that the client wants; empty when the next ones are not for it."""
        frames: list[bytes] = []
        end = min(self.store.next, self.cursor + CHUNK_SCANNED)
        while self.cursor < end and len(frames) < CHUNK_EVENTS:
            entry = self.store.entry(self.cursor)
            self.cursor += 1
            item = entry.item
            if self._has is not None:
                if item.offset < self._has.get(item.place, 0):
                    continue
                self._has[item.place] = item.offset + 1
            if self._matches(item):
                own = self._has is not None
                frames.append(frame(item.json, position=self.position, event=item.kind) if own else entry.frame())
        if self._has is not None and self.caught_up and self._covered():
            self._has = None
        return b"".join(frames)

    def _covered(self) -> bool:
        """Whether the store has everything that the client has (another gateway may have been ahead of this one)."""
        return all(offset <= self.store.positions.get(place, 0) for place, offset in (self._has or {}).items())

    @property
    def lost(self) -> str | None:
        """Why the client cannot go on: records that it lacks have left the ring, or another log has taken its place."""
        if self.store.log != self._log:
            return "log-replaced"
        return "slow" if self.cursor < self.store.first else None
