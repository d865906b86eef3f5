"""Reads raw articles again, judges them by the model and taxonomy of today, and publishes what that changes.

Exactly once, without a record of progress: what stands on the events channel is the record. A run first fences every
other one, and only then reads it; corrections are committed in batches, and a run after one that was killed finds what
that one had committed, and nothing half (docs/decisions/0011-reclassification.md).
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aiokafka import TopicPartition

from app.classification.base import Classifier
from app.delivery.sole import Lot, sole_run
from app.delivery.transactions import Transactions
from app.errors import ReclassifyFailed, no_topic
from app.kafka.reader import KafkaReader, open_reader, tally
from app.reclassify.change import Change, Kind, compare, model_name, records
from app.reclassify.published import Published, read_published
from app.settings import Settings
from app.steps.classify import classify
from app.steps.identity import home_partition
from app.steps.outgoing import Outgoing
from app.steps.records import Article, Inbound
from app.steps.rejected import Rejected
from app.steps.resubmit import resubmitted, resubmitted_for
from app.steps.validate import validate

EXAMPLES: Final = 5  # of each kind that are kept to be shown
_CLASSIFY: Final = 200  # articles at once
_COMMIT: Final = 500  # records in one transaction
_COMMIT_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class Outcome:
    """What a run changed, or would change."""

    articles: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    gained: Counter[str] = field(default_factory=Counter)  # by topic: events that belong to it now, and did not
    lost: Counter[str] = field(default_factory=Counter)
    examples: dict[Kind, list[Change]] = field(default_factory=dict)
    sent_back: int = 0  # of those added, articles that go through the lanes once more
    waiting: int = 0  # articles that an earlier run sent back for the same model

    def count(self, change: Change) -> None:
        """Take in one article."""
        self.articles += 1
        self.kinds[change.kind] += 1
        self.gained.update(set(change.after) - set(change.before))
        self.lost.update(set(change.before) - set(change.after))
        kept = self.examples.setdefault(change.kind, [])
        if change.kind is not Kind.UNCHANGED and len(kept) < EXAMPLES:
            kept.append(change)


async def reclassify(
    settings: Settings,
    classifier: Classifier,
    since_ms: int,
    until_ms: int | None = None,
    *,
    dry_run: bool = False,
    advance: Callable[[int, int], object] | None = None,
) -> Outcome:
    """Judge what came on raw from `since_ms` to before `until_ms` (epoch); `advance` hears (offsets passed, in all).

    Raises KafkaUnavailable, and ReclassifyFailed when another run takes over or Kafka fails half-way.
    """
    async with open_reader(settings) as reader:
        if dry_run:
            return await _Run(settings, classifier, reader, None).all(since_ms, until_ms, advance)
        async with sole_run(
            settings,
            "reclassify",
            ReclassifyFailed,
            taken_over="another run has taken over: what this one had published is published",
            again="run the same again",
        ) as transactions:
            return await _Run(settings, classifier, reader, transactions).all(since_ms, until_ms, advance)


class _Run:
    def __init__(
        self, settings: Settings, classifier: Classifier, reader: KafkaReader, transactions: Transactions | None
    ) -> None:
        self._settings = settings
        self._classifier = classifier
        self._reader = reader
        self._transactions = transactions
        self._outcome = Outcome()
        self._model = model_name(classifier.info)
        self._lot = Lot(_COMMIT, _COMMIT_BYTES)
        self._existing: set[str] = set()
        self._published = Published()
        self._judged: set[str] = set()
        self._contents: set[bytes] = set()  # texts that have an event
        self._missing: dict[bytes, Change] = {}  # by text: relevant now, never published
        self._newest: dict[bytes, str] = {}  # by URL: the article that came last
        self._sent_back: set[str] = set()

    async def all(self, since_ms: int, until_ms: int | None, advance: Callable[[int, int], object] | None) -> Outcome:
        topics = await self._reader.topics(f"{self._settings.namespace}.")
        channels = self._settings.channels
        for name in (channels.raw, channels.events, channels.story_input):
            if name not in topics:
                raise no_topic(name)
        self._existing = set(topics)
        self._published = await read_published(self._reader, self._settings, topics, since_ms)
        places = topics[channels.raw]
        fresh: list[tuple[Article, Inbound]] = []
        async for record in self._raw(places, since_ms, advance):
            article = self._take(record, len(places), until_ms)
            if article is not None:
                fresh.append((article, record))
            if len(fresh) >= _CLASSIFY:
                await self._judge(fresh)
                fresh = []
        await self._judge(fresh)
        await self._send_back()
        await self._commit()
        return self._outcome

    async def _raw(
        self, places: list[TopicPartition], since_ms: int, advance: Callable[[int, int], object] | None
    ) -> AsyncIterator[Inbound]:
        ends = await self._reader.stable_ends(places)
        starts = await self._reader.at_time(places, since_ms, ends)
        spans = {place: (starts[place], ends[place]) for place in places}
        async for _, found in self._reader.records(spans, tally(spans, advance)):
            for r in found:
                yield Inbound(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers)

    def _take(self, record: Inbound, partitions: int, until_ms: int | None) -> Article | None:
        """The article of a record that is to be judged; one text of one page is judged once."""
        try:
            article = validate(record)
        except Rejected:
            return None
        if home_partition(article.url_key, partitions) != record.partition:
            return None  # handed to its own partition, and judged there
        if article.id in self._published.events:
            self._contents.add(article.content_key)
        if resubmitted_for(record.headers) == self._model:
            self._sent_back.add(article.id)
        else:
            self._newest[article.url_key] = article.id
        if article.id in self._judged or article.id in self._published.superseded:
            return None
        if until_ms is not None and record.timestamp >= until_ms:
            return None
        self._judged.add(article.id)
        return article

    async def _judge(self, fresh: list[tuple[Article, Inbound]]) -> None:
        verdicts = await asyncio.to_thread(classify, [article for article, _ in fresh], self._classifier)
        for (article, record), verdict in zip(fresh, verdicts, strict=True):
            change = compare(article, record, verdict, self._published.events.get(article.id))
            if change.kind is Kind.ADDED and not change.version:
                self._missing[article.content_key] = change  # unless its text has an event at another address
                continue
            self._outcome.count(change)
            if change.kind is not Kind.UNCHANGED and self._transactions is not None:
                now = datetime.now(UTC)
                channels, info = self._settings.channels, self._classifier.info
                written = await asyncio.to_thread(records, change, info, now, channels, self._existing.__contains__)
                await self._write(written)

    async def _send_back(self) -> None:
        """What was never published goes through its lanes, which then remember it as they do everything else."""
        now_ms = int(time.time() * 1000)
        for content_key, change in self._missing.items():
            article = change.article
            if content_key in self._contents or self._newest.get(article.url_key) != article.id:
                continue
            if article.id in self._sent_back:
                self._outcome.waiting += 1
                continue
            self._outcome.count(change)
            self._outcome.sent_back += 1
            if self._transactions is not None:
                await self._write([resubmitted(change.record, self._model, now_ms)])

    async def _write(self, written: list[Outgoing]) -> None:
        missing = {record.topic for record in written} - self._existing
        if missing:
            raise no_topic(min(missing))
        self._lot.add(written)
        if self._lot.is_full:
            await self._commit()

    async def _commit(self) -> None:
        if self._transactions is not None and (records := self._lot.take()):
            await self._transactions.commit(records)
