"""Clients that ask for the same and have the same: each record is encoded once and the bytes are shared by all."""

import asyncio

from app.gateway.client import CHUNK_EVENTS, Client, Matcher
from app.gateway.frames import chunk, frame
from app.gateway.store import Store
from app.metrics import GATEWAY_SENT

MOST_WAITING = 64 * 1024  # bytes that wait in this process for one client, before it goes on by itself


class Group:
    """All members stand at `cursor` of the ring. Nothing here waits for anybody."""

    def __init__(self, store: Store, matches: Matcher) -> None:
        self.members: dict[Client, None] = {}
        self.cursor = store.next
        self.sent_at = asyncio.get_running_loop().time()
        self._store = store
        self._log = store.log
        self._matches = matches

    @property
    def stale(self) -> bool:
        """Whether another log has taken the place of the one that its members read."""
        return self._log != self._store.log

    def join(self, client: Client) -> None:
        """Take in a client that has everything that the store has."""
        while self.cursor < self._store.next:
            self.advance()
        self.members[client] = None

    def advance(self) -> None:
        """Send the next records, at most `CHUNK_EVENTS`, to all members."""
        before = self.cursor
        # The ring has run over the group, or another log has taken its place: each member says so to its client.
        if before < self._store.first or self.stale:
            self.cursor = self._store.next
            self._hand_back(list(self.members), before)
            return
        self.cursor = min(self._store.next, before + CHUNK_EVENTS)
        entries = (self._store.entry(number) for number in range(before, self.cursor))
        wanted = [entry for entry in entries if self._matches(entry.item)]
        if wanted and self.members:
            reached = self._broadcast(b"".join(entry.frame() for entry in wanted), before)
            for entry in wanted:
                GATEWAY_SENT.labels(entry.item.kind).inc(reached)

    def heartbeat(self, data: bytes) -> None:
        """Tell all members the position, records that they did not ask for included."""
        if self.cursor > self._store.first or self.cursor == self._store.next:
            position = self._store.position_at(self.cursor)
            self._broadcast(frame(data, position=position, event="heartbeat"), self.cursor)

    def _broadcast(self, data: bytes, before: int) -> int:
        """The number of members that were sent the data; those with too much before it go on by themselves."""
        chunked = chunk(data)
        late: list[Client] = []
        for client in self.members:
            transport = client.transport
            if transport is None or transport.is_closing():
                continue  # its handler ends soon
            if transport.get_write_buffer_size() > MOST_WAITING:
                late.append(client)
            else:
                transport.write(chunked if client.chunked else data)
        self._hand_back(late, before)
        self.sent_at = asyncio.get_running_loop().time()
        return len(self.members)

    def _hand_back(self, clients: list[Client], cursor: int) -> None:
        for client in clients:
            del self.members[client]
            client.cursor = cursor
            client.behind.set()
