"""The stories lane's pure work: items of the story input become changed stories, and the state to go with them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import perf_counter

import orjson

from app.classification.base import Document
from app.steps.memory import Pending
from app.steps.outgoing import Decided, Outcome, Outgoing
from app.steps.records import Inbound
from app.steps.rejected import Rejected
from app.steps.story_input import Item, unpack
from app.stories import state
from app.stories.article import Article, facts, shown, times
from app.stories.cluster import Clusters, Rules
from app.stories.publish import as_json
from app.stories.similarity import Model, shipped_model
from app.stories.vectors import background, terms, weighted
from schemas.channels import Channels
from schemas.dead_letter import Reason, Stage

# The embedding of a document, with 8 bits a number; empty bytes where no model runs. The same for the same document,
# whatever others are computed beside it.
Embed = Callable[[Document], bytes]


def no_embedding(_document: Document) -> bytes:
    """Without a model."""
    return b""


def read(item: Item, clusters: Clusters, embed: Embed) -> Article:
    """The article of an item, with the next number and no story yet. Raises when it is no item."""
    at_ms, arrived_ms = times(item)
    vector = weighted(terms(item), (background(), clusters.held.index))
    document = Document(item["title"], item["summary"], "", item["language"])
    return Article(
        item["id"],
        clusters.held.next_seq,
        "",
        at_ms,
        arrived_ms,
        item["language"],
        vector,
        embed(document),
        shown(item),
        facts(item),
    )


class StoryPath:
    """Keeps the open stories. A record that fails is a dead letter; whatever else it packs counts all the same."""

    stage = Stage.STORIES
    payload_bytes = 0  # no fingerprints: the state is written as it changes, one record for each article and story

    def __init__(
        self, channels: Channels, embed: Embed = no_embedding, model: Model | None = None, rules: Rules | None = None
    ) -> None:
        self._channels = channels
        self._embed = embed
        self._useless: list[bytes] = []
        self.taken: Callable[[Item, str], object] | None = None  # hears of each article, and the story that it joined
        self._is_broken = False
        self.clusters = Clusters(model or shipped_model(), rules or Rules())

    def restore(self, found: Mapping[bytes, bytes]) -> None:
        """Begin with the newest value of each key of the state topic."""
        self._useless = state.fill(self.clusters.held, found)

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        """Take in a batch; the newest version of each story that it changes is published."""
        del memory
        if self._is_broken:
            raise RuntimeError("a change of stories was cut short: their state must be read anew")
        self._is_broken = True  # until all changes are made: nothing can take half of them back
        decided = Decided()
        began = perf_counter()
        for record in records:
            try:
                items = unpack(record.value or b"")
            except ValueError as error:
                self._dead_letter(decided, record, error)
                continue
            failures = [why for item in items if (why := self._take(item, decided)) is not None]
            if failures:
                self._dead_letter(decided, record, failures[0])
        self._write(decided, now)
        decided.took(Stage.STORIES, perf_counter() - began)
        self._is_broken = False
        return decided

    def _take(self, item: Item, decided: Decided) -> Exception | None:
        clusters = self.clusters
        try:
            if (withdrawn := item.get("withdraws")) is None:
                plan = clusters.plan(read(item, clusters, self._embed), item.get("supersedes"))
        except Exception as error:  # this item's own fault: nothing has changed yet
            return error
        if withdrawn is not None:
            decided.outcomes[Outcome.PUBLISHED if clusters.withdraw(withdrawn) else Outcome.IRRELEVANT] += 1
        else:
            story = clusters.take_in(plan)
            if self.taken is not None:
                self.taken(item, story)
            decided.outcomes[Outcome.PUBLISHED] += 1
        return None

    def _dead_letter(self, decided: Decided, record: Inbound, error: Exception) -> None:
        why = Rejected(Stage.STORIES, Reason.STEP_FAILED, repr(error)[:500], type(error).__name__)
        decided.dead_letter(self._channels.dead_letters, record, why)

    def _write(self, decided: Decided, now: datetime) -> None:
        held = self.clusters.held
        changes = held.take_changes()
        for name in changes.stories:
            story = held.stories.get(name) or changes.closed[name]
            value = orjson.dumps(as_json(story, now))
            decided.outgoing.append(Outgoing(self._channels.stories, name.encode(), value, []))
        written = [*((key, None) for key in self._useless), *state.records(held, changes)]
        self._useless = []
        decided.outgoing += [Outgoing(self._channels.story_state, key, value, [], 0) for key, value in written]

    def is_up(self) -> bool:
        """Whether the state is whole; a lane whose path is not reads it anew."""
        return not self._is_broken
