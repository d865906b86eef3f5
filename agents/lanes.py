"""What the agents on lanes share: a service that runs a LaneWorker for as long as the Faust app runs."""

import asyncio
import time
from typing import Any, Final

import mode

from app.delivery.agent import LaneAgent
from app.delivery.worker import LaneWorker
from app.main import health, settings, watchdog

_workers: Final[list[LaneWorker]] = []


class LaneService(mode.Service):
    """Starts and stops one agent's lanes with the app."""

    abstract = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._running: asyncio.Task[None] | None = None

    async def make_agent(self) -> LaneAgent:
        """The agent to run; may take its time, for a model to load."""
        raise NotImplementedError

    async def on_start(self) -> None:
        """Join the consumer group."""
        worker = LaneWorker(await self.make_agent(), settings, health, watchdog)
        _workers.append(worker)
        self._running = asyncio.create_task(worker.run(), name=type(self).__name__)
        self._running.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("the lanes ended: %r", error)
            self._crashing = asyncio.ensure_future(self.crash(error))

    async def on_stop(self) -> None:
        """Let every lane finish its batch; nothing is redone after a restart.

        When the broker is away nothing can be finished: after GEONEWS_SHUTDOWN_SECONDS the process ends all the same,
        and what is left of its transactions is aborted by whoever takes its partitions.
        """
        for worker in _workers:  # the app stops its services one after the other; all agents use the time
            worker.stop()
        if self._running is None:
            return
        _, late = await asyncio.wait([self._running], timeout=_seconds_left())
        if late:
            self.log.warning("the lanes do not part from Kafka in time: left to their successors")
            self._running.cancel()


_deadlines: Final[list[float]] = []


def _seconds_left() -> float:
    """Of the time to stop, which began when the first agent was asked to."""
    if not _deadlines:
        _deadlines.append(time.monotonic() + settings.shutdown_seconds)
    return max(0.0, _deadlines[0] - time.monotonic())
