"""What the agents on lanes share: a service that runs a LaneWorker for as long as the Faust app runs."""

import asyncio
from typing import Any

import mode

from app.delivery.agent import LaneAgent
from app.delivery.worker import LaneWorker
from app.main import health, settings, watchdog


class LaneService(mode.Service):
    """Starts and stops one agent's lanes with the app."""

    abstract = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._worker: LaneWorker | None = None
        self._running: asyncio.Task[None] | None = None

    async def make_agent(self) -> LaneAgent:
        """The agent to run; may take its time, for a model to load."""
        raise NotImplementedError

    async def on_start(self) -> None:
        """Join the consumer group."""
        self._worker = LaneWorker(await self.make_agent(), settings, health, watchdog)
        self._running = asyncio.create_task(self._worker.run(), name=type(self).__name__)
        self._running.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("the lanes ended: %r", error)
            self._crashing = asyncio.ensure_future(self.crash(error))

    async def on_stop(self) -> None:
        """Let every lane finish its batch; nothing is redone after a restart."""
        if self._worker and self._running:
            self._worker.stop()
            await asyncio.wait([self._running])
