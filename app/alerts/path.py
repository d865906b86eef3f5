"""Stories and alerts on one lane: what is read once leads to both, and is committed in one transaction.

An alert needs the story that an article has joined, in the order in which articles joined; see
docs/decisions/0010-bursts.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from app.alerts.detector import BurstDetector
from app.alerts.observation import Observation
from app.alerts.rules import Rules
from app.steps.memory import Pending
from app.steps.outgoing import Decided, Outgoing
from app.steps.records import Inbound
from app.steps.story_input import Item
from app.stories.article import times
from app.stories.path import StoryPath
from schemas.channels import Channels
from schemas.dead_letter import Stage


class StoryAlertPath:
    """`stories` decides; each article that it has taken in is shown to the burst detector, with its story."""

    payload_bytes = 0

    def __init__(self, channels: Channels, stories: StoryPath, rules: Rules | None = None) -> None:
        self.stage = Stage.STORIES
        self.stories = stories
        self.detector = BurstDetector(rules)
        self._channels = channels
        self._alerts: list[Outgoing] = []
        self._has_failed = False
        stories.taken = self._observe

    def restore(self, states: Mapping[bytes, bytes]) -> None:
        """Begin with the newest value of each key of the alerts' state topic."""
        self.detector.load({key.decode(): value for key, value in states.items()})

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        """What a batch leads to. Raises once and for all when it failed half-way: state has changed by then."""
        if self._has_failed:
            raise RuntimeError("this path failed before: its state is not what is committed")
        self._has_failed = True
        decided = self.stories.decide(records, memory, now)
        decided.outgoing += self._alerts
        decided.outgoing += [
            Outgoing(self._channels.alert_state, key.encode(), value, [], 0) for key, value in self.detector.changes()
        ]
        self._alerts = []
        self._has_failed = False
        return decided

    def _observe(self, item: Item, story: str) -> None:
        if item.get("supersedes"):  # another text of what was counted before
            return
        published_ms, received_ms = times(item)
        seen = Observation(
            item["id"],
            published_ms,
            received_ms,
            item["source"]["family"],
            tuple(item["topics"]),
            tuple(country["code"] for country in item["countries"]),
            story,
        )
        for alert in self.detector.observe(seen):
            headers = [("content-type", b"application/json")]
            self._alerts.append(Outgoing(self._channels.alerts, alert["id"].encode(), orjson.dumps(alert), headers))

    def is_up(self) -> bool:
        """What has failed half-way has changed its state: only a new path can go on, from what is committed."""
        return False
