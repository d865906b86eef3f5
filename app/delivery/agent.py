"""What distinguishes one kind of lane from another: where it reads, where it remembers, what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiokafka import TopicPartition

from app.alerts.path import StoryAlertPath
from app.alerts.rules import Rules as AlertRules
from app.classification.base import Classifier
from app.delivery.batches import MAX_BYTES
from app.delivery.story_store import restore_stories_and_alerts
from app.pipeline import ClassifyPath, Path, RoutePath
from app.settings import Settings
from app.stories.cluster import Rules
from app.stories.path import Embed, StoryPath
from schemas.channels import MIB

LANES_AT_ONCE: Final = 8  # that may wait for a model together; lanes take turns at everything else


@dataclass(frozen=True, slots=True)
class LaneAgent:
    """An agent that runs on lanes. `new_path` makes the pure work for one lane, given the input's partition count.

    `threads` is how many lanes may be at work; only one at a time does not wait for a model.

    A path whose state is more than fingerprints keeps it itself, writes it as it decides, and is filled by `restore`
    from the lane's partition of the state topic; after a transaction that failed, a new path takes its place.
    """

    name: str
    group: str
    input_topic: str
    state_topic: str
    new_path: Callable[[int], Path]
    threads: int = 1
    restore: Callable[[Path, TopicPartition, dict[str, Any]], Awaitable[None]] | None = None
    in_ledger: bool = True  # whether the ledger accounts for its input
    batch_bytes: int = MAX_BYTES  # of its input, in one batch

    def transactional_id(self, partition: int) -> str:
        """The producer id that fences a previous owner of this input partition."""
        return f"{self.group}-{self.input_topic}-{partition}"


def group_name(settings: Settings, agent: str) -> str:
    """The consumer group of an agent's lanes."""
    return f"{settings.namespace}-{agent}"


def classify_agent(settings: Settings, classifier: Classifier) -> LaneAgent:
    """Raw articles to candidates."""
    channels = settings.channels
    return LaneAgent(
        name="classify",
        group=group_name(settings, "classify"),
        input_topic=channels.raw,
        state_topic=channels.seen,
        new_path=lambda partitions: ClassifyPath(channels, classifier, partitions),
        threads=LANES_AT_ONCE,
    )


def route_agent(settings: Settings) -> LaneAgent:
    """Candidates to events."""
    channels = settings.channels
    return LaneAgent(
        name="route",
        group=group_name(settings, "route"),
        input_topic=channels.candidates,
        state_topic=channels.claims,
        new_path=lambda _partitions: RoutePath(channels),
    )


def stories_agent(settings: Settings, embed: Embed) -> LaneAgent:
    """Events, in the one order of the story input, to stories and burst alerts."""
    channels = settings.channels
    rules = Rules(keep_ms=int(settings.story_days * 24 * 3_600_000), most_articles=settings.story_max_articles)
    alert_rules = AlertRules(false_per_day=settings.alert_false_per_day)
    return LaneAgent(
        name="stories",
        group=group_name(settings, "stories"),
        input_topic=channels.story_input,
        state_topic=channels.story_state,
        new_path=lambda _partitions: StoryAlertPath(channels, StoryPath(channels, embed, rules=rules), alert_rules),
        restore=partial(restore_stories_and_alerts, channels.alert_state),
        in_ledger=False,
        batch_bytes=MIB // 4,  # some three hundred articles, at up to some 20 ms each
    )
