"""Keeps sources running: one that fails is tried again and takes no other down; so is Kafka."""

import asyncio
from collections.abc import Sequence

import structlog

from app.errors import FetchFailed, KafkaUnavailable, SourceError
from app.settings import Settings
from app.sources.backoff import Backoff
from app.sources.base import Source
from app.sources.publish import RawProducer

_log = structlog.get_logger(__name__)


async def run_sources(settings: Settings, sources: Sequence[Source]) -> None:
    """Put the articles of all sources on the raw topic, until every source has ended.

    When Kafka stops answering, the sources wait and then go on with what it had not acknowledged.
    """
    unfinished = list(sources)
    backoff = Backoff(cap=60.0)
    while unfinished:
        try:
            async with RawProducer(settings) as producer:
                backoff.reset()
                await _run_all(producer, unfinished)
        except KafkaUnavailable as error:
            wait = backoff.next()
            _log.warning("ingestion waits for Kafka", why=str(error), again_in_seconds=round(wait, 1))
            await asyncio.sleep(wait)


async def _run_all(producer: RawProducer, unfinished: list[Source]) -> None:
    """Run all at once and take those that end out of `unfinished`. Raises KafkaUnavailable for the first to meet it."""

    async def run(source: Source) -> None:
        await run_source(producer, source)
        unfinished.remove(source)

    try:
        async with asyncio.TaskGroup() as group:
            for source in list(unfinished):
                group.create_task(run(source), name=f"ingest {source.name}")
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def run_source(producer: RawProducer, source: Source, backoff: Backoff | None = None) -> None:
    """Publish one source to its end, however often it fails on the way. Raises only KafkaUnavailable."""
    backoff = backoff or Backoff()
    while True:
        try:
            await producer.publish(source)
        except KafkaUnavailable:
            raise
        except SourceError as error:
            if isinstance(error, FetchFailed) and error.reason == "gone":
                _log.warning("source is gone for good", source=source.name, why=str(error))
                return
            wait = backoff.next()
            _log.warning("source failed", source=source.name, why=str(error), again_in_seconds=round(wait, 1))
        except Exception:  # a bug in one source is no reason for the others to stop
            wait = backoff.next()
            _log.exception("source failed", source=source.name, again_in_seconds=round(wait, 1))
        else:
            _log.info("source has ended", source=source.name)
            return
        await asyncio.sleep(wait)
