"""When what is new goes out: at once on an idle gateway, in larger pieces the longer a round of sending takes."""

import asyncio
import time
from collections.abc import Mapping

from app.gateway.group import Group
from app.gateway.store import Store
from app.metrics import GATEWAY_LAG_SECONDS


class Pace:
    """Rounds of sending: between two of them the loop has as much time for everything else as the last one took."""

    def __init__(self, store: Store, groups: Mapping[str, Group]) -> None:
        self._store = store
        self._groups = groups
        self._running = False  # a round is due, or its bytes are being handed to the kernel
        self._not_before = 0.0
        self._seen = 0

    def changed(self) -> None:
        """There is something new in the store."""
        if not self._running:
            self._running = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._not_before), self._round)

    def _round(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for group in list(self._groups.values()):
            group.advance()
        self._observe()
        # uvloop hands the bytes to the kernel at the end of this turn: what follows runs in the next.
        loop.call_soon(self._sent, began)

    def _sent(self, began: float) -> None:
        now = asyncio.get_running_loop().time()
        self._not_before = now + (now - began)
        self._running = False
        if any(group.cursor < self._store.next for group in self._groups.values()):
            self.changed()

    def _observe(self) -> None:
        now = time.time()
        for number in range(max(self._seen, self._store.first, self._store.live_from), self._store.next):
            GATEWAY_LAG_SECONDS.observe(max(0.0, now - self._store.entry(number).item.timestamp / 1000))
        self._seen = self._store.next
