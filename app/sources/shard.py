"""A shard: the sources of one partition of the state topic, polled here and nowhere else.

New articles and what is remembered of their source are written in one transaction: however a worker ends, each
entry is on the raw topic once. A worker that lost the shard without knowing it is fenced off by the next owner.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from app import tracing
from app.delivery.transactions import Transactions
from app.errors import KafkaUnavailable
from app.health import Health
from app.metrics import (
    INGESTED,
    SHARD_RESTARTS,
    SOURCE_ARTICLES,
    SOURCE_FAILURES,
    SOURCE_NEWS_TIMESTAMP,
    SOURCE_WAIT_SECONDS,
)
from app.settings import Settings
from app.sources.catalogue import CatalogueSource
from app.sources.fulltext import FullText
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.poll import Pace, Polled, poll
from app.sources.records import Change, written
from app.sources.shard_store import read_states
from app.sources.state import SourceState, state_for

_log = structlog.get_logger(__name__)
_LINGER_SECONDS: Final = 0.02  # polls that end together are committed together
_LAZY_SECONDS: Final = 5.0  # what changed nothing but the time of the next poll may wait this long
_MOST_ARTICLES: Final = 2000  # in one transaction, save those of one poll
_MOST_START_SPREAD: Final = 30.0


class Shard:
    """Polls its sources from `run` until cancelled; while `pause`d it begins no fetch."""

    def __init__(
        self,
        place: TopicPartition,
        sources: Sequence[CatalogueSource],
        settings: Settings,
        http: HttpClient,
        parser: FeedParser,
        hosts: Hosts,
        health: Health,
        texts: FullText | None = None,
    ) -> None:
        self.place = place
        self.states: dict[str, SourceState] = {}
        self._sources = sources
        self._settings = settings
        self._http, self._parser, self._hosts = http, parser, hosts
        self._health = health
        self._texts = texts
        self._component = f"sources shard {place.partition}"
        self._pace = Pace(settings.source_min_seconds, settings.source_max_seconds)
        self._go = asyncio.Event()
        self._go.set()
        self._changes: list[Change] = []
        self._changed = asyncio.Event()
        self._ending = False

    def pause(self) -> None:
        """Begin no more fetches: the shard may be about to move."""
        self._go.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._go.set()

    async def run(self) -> None:
        """Serve until cancelled; after an error, begin again with what Kafka has."""
        failures = 0
        try:
            while True:
                began = time.monotonic()
                cause = await self._run_once()
                failures = 0 if time.monotonic() - began > 60 else failures + 1
                SHARD_RESTARTS.labels(cause).inc()
                longest = self._settings.session_timeout_ms / 1000 if cause == "fenced" else 10.0
                await asyncio.sleep(min(longest, 0.2 * 2**failures) * random.uniform(0.5, 1.0))
        finally:
            self._health.gone(self._component)

    async def _run_once(self) -> str:
        self._health.ill(self._component, "reading what is remembered of its sources")
        transactions: Transactions | None = None
        try:
            transactions = Transactions(self._settings, self._transactional_id, self._group)
            await transactions.open()  # fences a previous owner: what is read now is all that there will be
            values = await read_states(self._settings, self.place)
            self.states = {source.id: state_for(source.url, values.get(source.id)) for source in self._sources}
            self._health.well(self._component)
            await self._serve(transactions)
        except ProducerFenced:
            _log.warning("another worker polls this shard now", shard=self.place.partition)
            self._health.ill(self._component, "fenced by another worker")
            return "fenced"
        except (KafkaError, KafkaUnavailable, TimeoutError, OSError) as error:
            _log.warning("shard starts again", shard=self.place.partition, why=repr(error))
            self._health.ill(self._component, f"Kafka: {error!r}")
            return "kafka"
        except Exception:
            _log.exception("shard failed", shard=self.place.partition)
            self._health.ill(self._component, "failed; the log says why")
            return "bug"
        finally:
            if transactions:
                await transactions.close()
        return "ended"

    async def _serve(self, transactions: Transactions) -> None:
        self._changes, self._changed, self._ending = [], asyncio.Event(), False
        polling = [asyncio.create_task(self._keep_polling(source), name=source.id) for source in self._sources]
        committing = asyncio.create_task(self._keep_committing(transactions), name=self._component)
        try:
            done, _ = await asyncio.wait({committing, *polling}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in polling:
                task.cancel()
            self._ending = True
            self._changed.set()  # what was fetched already is committed; what is not is polled again
            await asyncio.wait({committing}, timeout=self._settings.shutdown_seconds / 2)
            committing.cancel()
            await asyncio.gather(*polling, committing, return_exceptions=True)

    async def _keep_polling(self, source: CatalogueSource) -> None:
        state = self.states[source.id]
        spread = random.uniform(0, min(self._settings.source_min_seconds, _MOST_START_SPREAD))
        await asyncio.sleep(max(spread, state.next_at - time.time()))
        while not state.gone:
            await self._go.wait()
            async with self._hosts.turn(state.address):
                polled = await self._poll(source, state)
            if self._texts and polled.articles and not source.paywall:
                polled.articles = await self._texts.added(polled.articles)
            if polled.retry_after:
                self._hosts.hold(state.address, polled.retry_after)
            await self._keep(Change(source, state, polled.articles), urgent=polled.urgent)
            await asyncio.sleep(max(0.0, state.next_at - time.time()))
        await asyncio.Event().wait()  # gone for good, until somebody corrects its address in the catalogue

    async def _poll(self, source: CatalogueSource, state: SourceState) -> Polled:
        before = state.problem
        try:
            polled = await poll(source, state, self._http, self._parser, self._pace, time.time())
        except Exception as error:  # a bug that one feed finds is no reason for the others to stop
            _log.exception("source failed", source=source.id)
            state.failures, state.problem, state.detail = state.failures + 1, "bug", repr(error)[:300]
            state.next_at = time.time() + self._pace.most
            polled = Polled()
        if state.problem and state.problem != before:
            _log.warning(
                "source fails", source=source.id, why=state.detail, again_in=round(state.next_at - time.time())
            )
        elif before and not state.problem:
            _log.info("source is back", source=source.id)
        SOURCE_FAILURES.labels(source.id).set(state.failures)
        SOURCE_WAIT_SECONDS.labels(source.id).set(max(0.0, state.next_at - time.time()))
        if state.record.news_at is not None:
            SOURCE_NEWS_TIMESTAMP.labels(source.id).set(state.record.news_at)
        return polled

    async def _keep(self, change: Change, *, urgent: bool) -> None:
        self._changes.append(change)
        if urgent:
            self._changed.set()
        if change.articles:  # no next poll before Kafka has these: what waits here stays bounded
            await change.committed.wait()

    async def _keep_committing(self, transactions: Transactions) -> None:
        while self._changes or not self._ending:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LAZY_SECONDS)
            await asyncio.sleep(_LINGER_SECONDS)
            self._changed.clear()
            if self._changes:
                await self._commit(transactions)

    async def _commit(self, transactions: Transactions) -> None:
        changes, began = self._taken(), time.time()
        records = written(self._settings, self.place, changes, began)
        await transactions.commit(records)
        tracing.ingested_together([record for record in records if record.topic == self._settings.channels.raw], began)
        for change in changes:
            change.committed.set()
            if change.articles:
                INGESTED.labels("feed").inc(len(change.articles))
                SOURCE_ARTICLES.labels(change.source.id).inc(len(change.articles))

    def _taken(self) -> list[Change]:
        """The changes for the next transaction; those that it has no room for stay."""
        taken, articles = [], 0
        while self._changes and articles < _MOST_ARTICLES:
            change = self._changes.pop(0)
            articles += len(change.articles)
            taken.append(change)
        if self._changes:
            self._changed.set()
        return taken

    @property
    def _group(self) -> str:
        return f"{self._settings.namespace}-sources"

    @property
    def _transactional_id(self) -> str:
        return f"{self._group}-{self.place.topic}-{self.place.partition}"
