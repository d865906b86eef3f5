"""A thousand stream clients in one process: `python -m benchmarks.gateway.clients PORT CLIENTS EVENTS FILE`.

Plain sockets and one regular expression: a client library would cost more than the gateway that is measured. Each
client does what the standard asks: it remembers the last id, and when the stream ends it waits for `retry` (give or
take a half, so that they do not come back all at once) and asks for what came after that id.
"""

import json
import random
import re
import resource
import selectors
import socket
import sys
import time
from array import array
from collections import Counter
from pathlib import Path

RETRY_SECONDS = 1.0
IDLE_SECONDS = 20.0
READ_BYTES = 256 * 1024
# An id, then an event whose own id is its number. HTTP's chunk sizes stand between events and match nothing.
EVENT = re.compile(rb'\nid: (\S+)\ndata: \{"id":"([0-9a-f]{32})"')
CONTROL = re.compile(rb"event: (hello|gap|dropped)\n(?:id: (\S+)\n)?data: ([^\n]*)")
REQUEST = "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{}\r\n"


class Client:
    """One connection after the other."""

    __slots__ = ("accepted", "greeted", "last_id", "rest", "seen", "socket")

    def __init__(self, events: int) -> None:
        self.seen = array("d", bytes(8 * events))  # when each event came; 0: not yet
        self.last_id = ""
        self.rest = b""
        self.accepted = False  # the answer's first line was 200
        self.greeted = False
        self.socket: socket.socket | None = None


class Crowd:
    """All clients, their sockets in one selector."""

    def __init__(self, port: int, clients: int, events: int) -> None:
        self.port = port
        self.clients = [Client(events) for _ in range(clients)]
        self.open_at = [(0.0, client) for client in self.clients]
        self.selector = selectors.EpollSelector()
        self.counts: Counter[str] = Counter()
        self.left = clients * events

    def connect(self, client: Client) -> None:
        """Begin a connection."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect_ex(("127.0.0.1", self.port))
        client.socket, client.rest, client.accepted, client.greeted = sock, b"", False, False
        self.selector.register(sock, selectors.EVENT_WRITE, client)

    def connected(self, client: Client) -> None:
        """Ask for the stream, from where the client is."""
        assert client.socket is not None
        resume = f"Last-Event-ID: {client.last_id}\r\n" if client.last_id else ""
        try:
            client.socket.send(REQUEST.format(resume).encode())
            self.selector.modify(client.socket, selectors.EVENT_READ, client)
        except OSError:
            self.lost(client)

    def lost(self, client: Client) -> None:
        """Come back later."""
        assert client.socket is not None
        self.selector.unregister(client.socket)
        client.socket.close()
        client.socket = None
        self.counts["reconnects"] += 1
        self.open_at.append((time.monotonic() + RETRY_SECONDS * random.uniform(0.5, 1.5), client))

    def read(self, client: Client) -> None:
        """Take what has come, and note each event's time."""
        assert client.socket is not None
        try:
            data = client.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lost(client)
            return
        if client.rest:
            data = client.rest + data
        end = data.rfind(b"\n\n") + 1  # the line break that the next id needs before it stays
        client.rest = data[end:] if end else data
        if not end:
            return
        if not client.greeted or b"event: dropped" in data or b"event: gap" in data:
            self.control(client, data)
        now, seen, last = time.monotonic(), client.seen, None
        for match in EVENT.finditer(data, 0, end):
            number = int(match[2], 16)
            if seen[number]:
                self.counts["repeats"] += 1
            else:
                seen[number] = now
                self.left -= 1
            last = match
        if last is not None:
            client.last_id = last[1].decode()

    def control(self, client: Client, data: bytes) -> None:
        """Look at what is no event."""
        if not client.accepted and not data.startswith(b"HTTP/1.1 200"):
            self.counts["refused"] += 1
            self.lost(client)
            return
        client.accepted = True
        for match in CONTROL.finditer(data):
            name = match[1].decode()
            if name == "hello":
                client.greeted = True
                client.last_id = client.last_id or (match[2] or b"").decode()
                self.counts["hellos"] += 1
            else:
                self.counts[f"{name} {match[3].decode()}"] += 1

    def turn(self) -> bool:
        """Wait for sockets once; whether anything came."""
        now = time.monotonic()
        due = [client for at, client in self.open_at if at <= now]
        self.open_at = [(at, client) for at, client in self.open_at if at > now]
        for client in due:
            self.connect(client)
        ready = self.selector.select(0.05)
        for key, mask in ready:
            if mask & selectors.EVENT_WRITE:
                self.connected(key.data)
            else:
                self.read(key.data)
        return bool(ready)


def main() -> None:
    port, clients, events = (int(text) for text in sys.argv[1:4])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(port, clients, events)
    while crowd.counts["hellos"] < clients:
        crowd.turn()
    print("ready", flush=True)
    came_at = time.monotonic()
    while crowd.left and time.monotonic() - came_at < IDLE_SECONDS:
        if crowd.turn():
            came_at = time.monotonic()
    with Path(sys.argv[4]).open("wb") as file:
        for client in crowd.clients:
            client.seen.tofile(file)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"counts": crowd.counts, "cpu_seconds": used.ru_utime + used.ru_stime}), flush=True)


if __name__ == "__main__":
    main()
