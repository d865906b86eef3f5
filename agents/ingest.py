"""The `ingest` agent: runs the sources that the settings name, inside the worker."""

import asyncio
import contextlib
from typing import Any

import mode

from app.health import Health
from app.main import app, health, settings
from app.settings import Settings
from app.sources.base import Source
from app.sources.catalogue import Catalogue, load_catalogue
from app.sources.feed import FeedSource
from app.sources.files import FileSource
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.supervise import run_sources
from app.sources.worker import SourceWorker


class IngestService(mode.Service):
    """Puts articles of `GEONEWS_INGEST_FEEDS` and `GEONEWS_INGEST_FILES` on the raw topic while the worker runs.

    With `GEONEWS_POLL_SOURCES` it polls its share of the catalogue too.
    """

    def __init__(self, settings: Settings, health: Health | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._health = health or Health()
        self._running: asyncio.Task[None] | None = None
        self._catalogue: Catalogue | None = None
        self._polling: tuple[SourceWorker, asyncio.Task[None]] | None = None

    async def on_start(self) -> None:
        """Start all sources; none of them, nor Kafka, can make this fail. Raises ConfigurationError for a catalogue."""
        if self._settings.poll_sources:
            self._catalogue = load_catalogue(self._settings.sources)
        if self._settings.ingest_feeds or self._settings.ingest_files or self._settings.poll_sources:
            self._running = asyncio.create_task(self._run(), name="ingest")

    async def on_stop(self) -> None:
        """Stop all sources; what Kafka has not acknowledged yet gets ten seconds."""
        if self._polling:
            worker, task = self._polling
            worker.stop()
            await asyncio.wait([task], timeout=self._settings.shutdown_seconds)
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        chosen = self._settings
        async with HttpClient(chosen) as http, FeedParser() as parser:
            files: list[Source] = [FileSource(path, rate=chosen.ingest_rate) for path in chosen.ingest_files]
            feeds = [
                FeedSource(url, http, parser, interval=chosen.ingest_interval_seconds) for url in chosen.ingest_feeds
            ]
            async with asyncio.TaskGroup() as group:
                if self._catalogue:
                    worker = SourceWorker(self._catalogue, chosen, http, parser, self._health)
                    self._polling = (worker, group.create_task(worker.run(), name="poll sources"))
                group.create_task(run_sources(chosen, [*files, *feeds]), name="run sources")


@app.service
class Ingest(IngestService):
    """The sources of this worker's own settings."""

    def __init__(self, **options: Any) -> None:
        super().__init__(settings, health, **options)
