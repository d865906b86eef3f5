"""Server-sent events: each client walks the store's ring at its own pace, so none has a buffer that could grow."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import orjson
from aiohttp import web

from app.gateway.item import Item
from app.gateway.position import Position, in_order
from app.gateway.store import Store
from app.metrics import GATEWAY_CLIENTS, GATEWAY_DROPPED

CHUNK_EVENTS = 64  # most events in one write
CHUNK_SCANNED = 2000  # most events looked at before others get their turn
SEND_BUFFER_BYTES = 128 * 1024  # a client that does not read holds no more than this in the kernel
RECONNECT_MS = 1000
SWEEP_SECONDS = 0.25
STALL_SECONDS = 60.0  # a client that takes nothing for this long is dropped however few events came
CLOSE_SECONDS = 10.0  # how long a dropped client may take to read why
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collects the stream would hold live events back
}


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


class Hub:
    """All clients of the stream, and the sweep that drops those who do not keep up."""

    def __init__(self, store: Store, backlog: int, heartbeat_seconds: float) -> None:
        self._store = store
        self._backlog = backlog
        self._heartbeat = heartbeat_seconds
        self._clients: set[Client] = set()

    async def serve(
        self, request: web.Request, matches: Callable[[Item], bool], after: Position | None
    ) -> web.StreamResponse:
        """Answer a request with the stream until the client goes or is dropped."""
        response = web.StreamResponse(headers=HEADERS)
        transport = request.transport
        if transport is not None and (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        await response.prepare(request)
        client = Client(self._store, matches, after)
        with self._joined(client):
            try:
                await self._pump(client, response)
            except asyncio.CancelledError:
                if client.drop_reason is None:
                    raise
                if client.task is not None:
                    client.task.uncancel()
            await self._part(client, response, transport)
        return response

    @contextmanager
    def _joined(self, client: Client) -> Iterator[None]:
        self._clients.add(client)
        GATEWAY_CLIENTS.inc()
        try:
            yield
        finally:
            self._clients.discard(client)
            GATEWAY_CLIENTS.dec()

    async def _pump(self, client: Client, response: web.StreamResponse) -> None:
        """Send until the client falls behind the ring; a failed write (the client has gone) raises."""
        await self._write(client, response, client.hello())
        while (lost := client.lost) is None:
            frames = client.take()
            if frames:
                await self._write(client, response, frames)
            elif not client.caught_up:
                await asyncio.sleep(0)
            else:
                try:
                    async with asyncio.timeout(self._heartbeat):
                        await self._store.changed()
                except TimeoutError:
                    # The id moves the client on past events that it did not ask for, so that it can resume later.
                    beat = b": heartbeat\nid: %s\n\n" % client.position.encode()
                    await self._write(client, response, beat)
        client.drop_reason = lost

    async def _write(self, client: Client, response: web.StreamResponse, data: bytes) -> None:
        client.writing_since = (self._store.next, asyncio.get_running_loop().time())
        await response.write(data)
        client.writing_since = None

    async def _part(self, client: Client, response: web.StreamResponse, transport: asyncio.Transport | None) -> None:
        """Say why, without waiting for the client to read it, and close."""
        GATEWAY_DROPPED.labels(client.drop_reason).inc()
        why = orjson.dumps({"reason": client.drop_reason, "resume": "reconnect with the last id that you have"})
        with suppress(ConnectionError):
            await response.write(frame(why, event="dropped"))
        if transport is not None:
            transport.close()
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, transport.abort)

    def drop(self, client: Client, reason: str) -> None:
        """End this client's stream with a reason."""
        if client.drop_reason is None and client.task is not None:
            client.drop_reason = reason
            client.task.cancel()

    def drop_all(self, reason: str) -> None:
        """End every stream with a reason."""
        for client in list(self._clients):
            self.drop(client, reason)

    async def sweep(self) -> None:
        """Forever: drop clients whose write waits while the backlog fills, or waits too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for client in list(self._clients):
                if client.writing_since is None:
                    continue
                number, since = client.writing_since
                if self._store.next - number >= self._backlog:
                    self.drop(client, "slow")
                elif loop.time() - since > STALL_SECONDS:
                    self.drop(client, "stalled")
