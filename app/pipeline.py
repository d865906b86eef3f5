"""The whole path from raw article to event, on one screen.

    geonews.raw.v1 ─► ClassifyPath: validate ─► dedupe (by URL) ─► classify ─► enrich ─► geonews.candidates.v1
    geonews.candidates.v1 ─► RoutePath: dedupe (by content) ─► route ─► geonews.events.v1, geonews.events.<topic>.v1,
                                                                       geonews.story-input.v1

Both are pure: records and memory in, decisions out. `app.delivery` writes each decision as one Kafka transaction.
Why two hops: a URL and a text are two identities, and each is decided on the one partition that it hashes to
(docs/decisions/0001-two-hops.md).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter
from typing import Protocol

from app.classification.base import Classifier
from app.steps.candidates import Candidate, pack, unpack
from app.steps.classify import classify, is_classifier_up
from app.steps.dedupe import (
    CLAIM_BYTES,
    SEEN_BYTES,
    Novelty,
    dedupe_again,
    dedupe_by_content,
    dedupe_by_url,
    next_version,
)
from app.steps.enrich import enrich
from app.steps.identity import home_partition
from app.steps.memory import Pending
from app.steps.outgoing import Decided, Outcome, Outgoing, Published
from app.steps.records import Article, Inbound
from app.steps.rejected import Rejected
from app.steps.rekey import rekeyed
from app.steps.resubmit import resubmitted_for
from app.steps.route import route
from app.steps.story_input import Item, article_item, story_input
from app.steps.trace import origin_of
from app.steps.validate import validate
from schemas.channels import Channels
from schemas.dead_letter import Stage


class Path(Protocol):
    """The pure work of one kind of lane. `stage` names the stage at work, for whoever catches what it raises."""

    stage: Stage
    payload_bytes: int

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        """What a batch leads to. Raises when a step fails for a reason that is no record's own."""
        ...

    def is_up(self) -> bool:
        """Whether what this path depends on works at all."""
        ...


class ClassifyPath:
    """Raw articles to candidates. A record on another partition than its URL's own is handed there first."""

    payload_bytes = SEEN_BYTES

    def __init__(self, channels: Channels, classifier: Classifier, partitions: int) -> None:
        self.stage = Stage.VALIDATE
        self._channels = channels
        self._classifier = classifier
        self._partitions = partitions

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        """Validate, de-duplicate by URL, classify and enrich a batch."""
        decided = Decided()
        now_ms = int(now.timestamp() * 1000)
        fresh: list[tuple[Inbound, Article]] = []
        with self._at(Stage.VALIDATE, decided):
            valid = list(self._validated(records, decided))
        with self._at(Stage.DEDUPE, decided):
            for record, article in valid:
                dedupe = dedupe_again if resubmitted_for(record.headers) else dedupe_by_url
                if dedupe(article, memory, now_ms) is Novelty.DUPLICATE:
                    decided.outcomes[Outcome.DUPLICATE] += 1
                else:
                    fresh.append((record, article))
        with self._at(Stage.CLASSIFY, decided):
            verdicts = classify([article for _, article in fresh], self._classifier)
        with self._at(Stage.ENRICH, decided):
            candidates: dict[int, list[Candidate]] = defaultdict(list)
            for (record, article), verdict in zip(fresh, verdicts, strict=True):
                if not verdict.topics:
                    decided.outcomes[Outcome.IRRELEVANT] += 1
                    continue
                event = enrich(
                    article, verdict, next_version(article, memory, now_ms), record, self._classifier.info, now
                )
                candidates[home_partition(article.content_key, self._partitions)].append(
                    Candidate(
                        event,
                        article.content_key,
                        origin_of(record.headers),
                        record.timestamp,
                        int(article.published_at.timestamp() * 1000),
                    )
                )
                decided.outcomes[Outcome.PUBLISHED] += 1
        for partition, together in candidates.items():
            decided.outgoing += [
                Outgoing(self._channels.candidates, None, value, [], partition) for value in pack(together)
            ]
        return decided

    def _validated(self, records: Sequence[Inbound], decided: Decided) -> Iterator[tuple[Inbound, Article]]:
        for record in records:
            try:
                article = validate(record)
            except Rejected as why:
                decided.dead_letter(self._channels.dead_letters, record, why)
                continue
            home = home_partition(article.url_key, self._partitions)
            if home == record.partition:
                yield record, article
            else:
                decided.outgoing.append(rekeyed(record, home))
                decided.outcomes[Outcome.REKEYED] += 1

    def is_up(self) -> bool:
        """Whether the classifier answers for a known-good article."""
        return is_classifier_up(self._classifier)

    @contextmanager
    def _at(self, stage: Stage, decided: Decided) -> Iterator[None]:
        self.stage = stage
        began = perf_counter()
        yield
        decided.took(stage, perf_counter() - began)


class RoutePath:
    """Candidates to events: each text is published once, whatever addresses it stands at."""

    payload_bytes = CLAIM_BYTES

    def __init__(self, channels: Channels) -> None:
        self.stage = Stage.ROUTE
        self._channels = channels

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        """De-duplicate by content and route a batch."""
        decided = Decided()
        now_ms = int(now.timestamp() * 1000)
        published: list[Item] = []
        for record in records:
            for candidate in unpack(record.value or b""):
                novelty = dedupe_by_content(candidate.content_key, candidate.event["id"], memory, now_ms)
                if novelty is Novelty.DUPLICATE:
                    decided.outcomes[Outcome.DUPLICATE] += 1
                    continue
                decided.outgoing += route(candidate.event, candidate.origin, self._channels)
                published.append(article_item(candidate.event))
                topics = tuple(topic["topic"] for topic in candidate.event["topics"])
                decided.published.append(
                    Published(topics, candidate.published_ms, candidate.received_ms, candidate.origin)
                )
                decided.outcomes[Outcome.PUBLISHED] += 1
        decided.outgoing += story_input(published, self._channels)
        return decided

    def is_up(self) -> bool:
        """Routing depends on nothing."""
        return True
