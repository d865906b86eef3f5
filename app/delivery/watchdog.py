"""Ends a process whose lanes stand still: a supervisor restarts it, and meanwhile its partitions move to others."""

import os
import threading
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from app.delivery.progress import Progress

log = structlog.get_logger(__name__)
EXIT_CODE: Final = 70  # EX_SOFTWARE


def _end(component: str, seconds: float) -> None:
    log.critical(
        "no progress with records waiting: ending this process so that its partitions move",
        lane=component,
        seconds=round(seconds),
        setting="GEONEWS_STALL_SECONDS",
    )
    os._exit(EXIT_CODE)  # a graceful end would wait for the very thing that is stuck


class Watchdog:
    """Looks at every lane's progress from a thread of its own, which a blocked event loop cannot stop."""

    def __init__(self, limit_seconds: float, on_stall: Callable[[str, float], None] = _end) -> None:
        self._limit = limit_seconds
        self._on_stall = on_stall
        self._watched: dict[str, Progress] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look, about every tenth of the limit."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def watch(self, component: str, progress: Progress) -> None:
        """Add a lane."""
        self._watched[component] = progress

    def forget(self, component: str) -> None:
        """Remove a lane."""
        self._watched.pop(component, None)

    @property
    def watched(self) -> Mapping[str, Progress]:
        """The lanes looked at, by name."""
        return self._watched

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self._limit / 10)):
            for component, progress in list(self._watched.items()):
                if (seconds := progress.stuck_seconds) > self._limit:
                    self._on_stall(component, seconds)
