"""Server-sent events. Clients in step share what is sent; one that falls behind walks the ring at its own pace.

So no client has a buffer that could grow: the ring is the buffer, and one that the ring runs over is dropped.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import orjson
from aiohttp import HttpVersion11, web

from app.gateway.client import Client
from app.gateway.filters import BadQuery, StreamQuery
from app.gateway.frames import frame
from app.gateway.group import Group
from app.gateway.pace import Pace
from app.gateway.position import Position
from app.gateway.problem import problem
from app.gateway.store import Store
from app.metrics import GATEWAY_BEHIND, GATEWAY_CLIENTS, GATEWAY_DROPPED

SEND_BUFFER_BYTES = 128 * 1024  # a client that does not read holds no more than this in the kernel
SWEEP_SECONDS = 0.25
STALL_SECONDS = 60.0  # a client that takes nothing for this long is dropped however few records came
CLOSE_SECONDS = 10.0  # how long a dropped client may take to read why
AHEAD_SECONDS = 0.05  # how often one looks again who has more than this gateway
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collects the stream would hold live events back
}


class Hub:
    """All clients of the stream, and the sweep that drops those who do not keep up."""

    def __init__(self, store: Store, backlog: int, heartbeat_seconds: float, most_clients: int) -> None:
        self._store = store
        self._backlog = backlog
        self._heartbeat = heartbeat_seconds
        self._most = most_clients
        self._clients: set[Client] = set()
        self._groups: dict[str, Group] = {}
        self._pace = Pace(store, self._groups)

    @property
    def clients(self) -> list[Client]:
        """Everybody who is connected."""
        return list(self._clients)

    def behind(self, client: Client) -> int:
        """Records that a client has not been sent yet."""
        cursors = (group.cursor for group in self._groups.values() if client in group.members)
        return max(0, self._store.next - next(cursors, client.cursor))

    def start(self) -> None:
        """From now on what is new in the store goes to the clients."""
        self._store.on_change = self._pace.changed

    async def serve(self, request: web.Request, query: StreamQuery, after: str | None) -> web.StreamResponse:
        """Answer a request with the stream until the client goes or is dropped; `after` is a position as text."""
        if len(self._clients) >= self._most:
            return problem(
                503, f"this gateway has its {self._most} clients (GEONEWS_GATEWAY_CLIENTS)", {"Retry-After": "5"}
            )
        position = _position(after)
        response = web.StreamResponse(headers=HEADERS)
        transport = request.transport
        if transport is not None and (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        await response.prepare(request)
        await self._until_loaded(response)
        client = Client(self._store, query.matcher(), query.channels, position)
        client.transport, client.chunked = transport, request.version >= HttpVersion11
        client.address = request.remote or ""
        with self._joined(client):
            try:
                await self._pump(client, response, query)
            except asyncio.CancelledError:
                if client.drop_reason is None:
                    raise
                if client.task is not None:
                    client.task.uncancel()
            await self._part(client, response, transport)
        return response

    async def _until_loaded(self, response: web.StreamResponse) -> None:
        """A browser's EventSource gives up on any answer but 200, so it is kept waiting rather than sent away."""
        while not self._store.loaded:
            await response.write(b": the recent window is being read\n\n")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat):
                    await self._store.until_loaded()

    @contextmanager
    def _joined(self, client: Client) -> Iterator[None]:
        self._clients.add(client)
        GATEWAY_CLIENTS.inc()
        try:
            yield
        finally:
            self._clients.discard(client)
            GATEWAY_CLIENTS.dec()

    async def _pump(self, client: Client, response: web.StreamResponse, query: StreamQuery) -> None:
        """Send until the client falls behind the ring; a failed write (the client has gone) raises."""
        await self._write(client, response, client.hello({"types": query.types}))
        while (lost := client.lost) is None:
            if client.in_step:
                await self._share(client, query)
            elif frames := client.take():
                await self._write(client, response, frames)
            else:
                await asyncio.sleep(AHEAD_SECONDS if client.caught_up else 0)
        client.drop_reason = lost

    async def _share(self, client: Client, query: StreamQuery) -> None:
        """Be sent what the group is sent, until it hands the client back."""
        key = query.key()
        group = self._groups.get(key)
        if group is None or group.stale:
            group = self._groups[key] = Group(self._store, query.matcher())
        try:
            group.join(client)
            await client.behind.wait()
            client.behind.clear()
        finally:
            group.members.pop(client, None)
            if not group.members and self._groups.get(key) is group:
                del self._groups[key]

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
        """Forever: heartbeats, and an end for those who do not keep up."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self._heartbeat / 2))
            now = loop.time()
            for client in list(self._clients):
                if reason := self._fault(client, now):
                    self.drop(client, reason)
            beat = orjson.dumps({"at": datetime.now(UTC)})
            for group in list(self._groups.values()):
                if now - group.sent_at >= self._heartbeat:
                    group.heartbeat(beat)
            GATEWAY_BEHIND.set(len(self._clients) - sum(len(group.members) for group in self._groups.values()))

    def _fault(self, client: Client, now: float) -> str | None:
        """Why a client must go: its write waits while the backlog fills, or waits too long."""
        if client.writing_since is not None:
            number, since = client.writing_since
            if self._store.next - number >= self._backlog:
                return "slow"
            return "stalled" if now - since > STALL_SECONDS else None
        if not client.waiting:
            client.stuck_since = None
        elif client.stuck_since is None:
            client.stuck_since = now
        elif now - client.stuck_since > STALL_SECONDS:
            return "stalled"
        return None


def _position(text: str | None) -> Position | None:
    try:
        return Position.parse(text) if text else None
    except ValueError as error:
        raise BadQuery({"after": str(error)}) from None
