"""The index as the event loop sees it: writes are put in a queue, reads run in threads."""

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from app.gateway.index import asking, counting, tables, writing
from app.gateway.index.asking import Asked
from app.gateway.index.counting import Counts
from app.gateway.index.rows import Found, Order, Page
from app.gateway.item import Item
from app.metrics import GATEWAY_INDEXED

T = TypeVar("T")
_READERS = 2
_SETTLE_SECONDS = 0.25
_PIECE = 500  # about so many records in one transaction


class Index:
    """Made for one event loop; `close` it at the end. The database is a file that goes with it."""

    def __init__(self, most_records: int, most_hours: float) -> None:
        self._bounds = writing.Bounds(most_records, most_hours)
        self._trigrams = tables.has_trigrams()
        self._folder = tempfile.TemporaryDirectory(prefix="geonews-index-")
        self._path = Path(self._folder.name) / "window.sqlite"
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._writer = ThreadPoolExecutor(1, "index-writer")
        self._readers = ThreadPoolExecutor(_READERS, "index-reader")
        self._writer.submit(self._create).result()
        self._pending: list[tuple[Sequence[Item], str]] = []
        self._draining: asyncio.Task[None] | None = None
        self.held: dict[str, int] = {}  # kind -> records

    def _connection(self) -> sqlite3.Connection:
        """The calling thread's own."""
        if not hasattr(self._local, "connection"):
            self._local.connection = tables.connect(self._path)
            self._open.append(self._local.connection)
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _create(self) -> None:
        tables.create(self._connection(), self._trigrams)

    def reset(self) -> None:
        """Forget everything."""
        self._pending.clear()
        self._writer.submit(self._create)
        self.held = {}

    def put(self, items: Sequence[Item], position: str) -> None:
        """Take in records soon; `position` is reached with them."""
        self._pending.append((items, position))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            items: list[Item] = []
            position = ""
            while self._pending and len(items) < _PIECE:
                more, position = self._pending.pop(0)
                items += more
            self.held = await loop.run_in_executor(self._writer, self._write, items, position)
            for kind in ("event", "story", "alert"):
                GATEWAY_INDEXED.labels(kind).set(self.held.get(kind, 0))

    def _write(self, items: Sequence[Item], position: str) -> dict[str, int]:
        return writing.write(self._connection(), items, position, self._bounds, self._trigrams)

    async def flushed(self) -> None:
        """Everything that was put in can be read."""
        if self._draining is not None:
            await self._draining

    async def settled(self) -> None:
        """What the stream has sent can be read too, unless writing lags far behind: then whoever asks waits no more."""
        if self._draining is not None and not self._draining.done():
            await asyncio.wait({self._draining}, timeout=_SETTLE_SECONDS)

    async def _read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        def in_transaction() -> T:
            connection = self._connection()
            connection.execute("BEGIN")  # one moment of the database, however many statements
            try:
                return ask(connection)
            finally:
                connection.execute("ROLLBACK")

        await self.settled()
        return await asyncio.get_running_loop().run_in_executor(self._readers, in_transaction)

    async def page(self, asked: Asked, before: Order | None, limit: int) -> Page:
        """The newest records that sort below `before`."""
        return await self._read(lambda connection: asking.page(connection, asked, before, limit, self._trigrams))

    async def find(self, kind: str, name: str) -> Found | None:
        """One record, gone or not; a story with all its articles."""
        return await self._read(lambda connection: asking.by_id(connection, kind, name))

    async def standing(self, kind: str, names: Sequence[str]) -> list[bytes]:
        """Those of the records that the window holds and that stand, in the order of their ids here."""
        return await self._read(lambda connection: asking.standing(connection, kind, names))

    async def count(self, asked: Asked, from_minute: int) -> Counts:
        """Sums over the events that answer the filters."""
        return await self._read(lambda connection: counting.count(connection, asked, from_minute, self._trigrams))

    async def close(self) -> None:
        """Let go of threads and file."""
        if self._draining is not None:
            await asyncio.gather(self._draining, return_exceptions=True)
        for pool in (self._readers, self._writer):
            await asyncio.to_thread(pool.shutdown)
        for connection in self._open:
            connection.close()
        self._folder.cleanup()
