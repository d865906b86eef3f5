"""Manners towards hosts: few requests at once to each, none while it has asked for a pause."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """Host and port of an address, in small letters."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


class Hosts:
    """Turns to fetch: at most `each` at once from one host, at most `total` at once from all."""

    def __init__(self, each: int, total: int) -> None:
        self._each = each
        self._total = asyncio.Semaphore(total)
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._held_until: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait for a turn to fetch from the address's host, and have it inside the block."""
        host = host_of(url)
        async with self._turns.setdefault(host, asyncio.Semaphore(self._each)):
            await self._released(host)
            async with self._total:
                yield

    async def _released(self, host: str) -> None:
        seconds = self._held_until.get(host, 0.0) - time.monotonic()
        while seconds > 0:
            await asyncio.sleep(seconds)
            seconds = self._held_until.get(host, 0.0) - time.monotonic()

    def hold(self, url: str, seconds: float) -> None:
        """Ask nothing of this host for so long: it said Retry-After to one of us, and meant us all."""
        host = host_of(url)
        self._held_until[host] = max(self._held_until.get(host, 0.0), time.monotonic() + seconds)
