"""Server-sent events: each client walks the store's ring at its own pace, so none has a buffer that could grow."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import orjson
from aiohttp import web

from app.gateway.client import Client, frame
from app.gateway.item import Item
from app.gateway.position import Position
from app.gateway.store import Store
from app.metrics import GATEWAY_CLIENTS, GATEWAY_DROPPED

SEND_BUFFER_BYTES = 128 * 1024  # a client that does not read holds no more than this in the kernel
SWEEP_SECONDS = 0.25
STALL_SECONDS = 60.0  # a client that takes nothing for this long is dropped however few events came
CLOSE_SECONDS = 10.0  # how long a dropped client may take to read why
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collects the stream would hold live events back
}


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
