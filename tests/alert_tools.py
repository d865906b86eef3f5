"""Simulated news as items of the story input, and the alerts that an undisturbed run makes of them."""

import random
from datetime import UTC, datetime
from typing import Any

import orjson

from app.alerts.observation import Observation
from app.alerts.path import StoryAlertPath
from app.alerts.rules import Rules
from app.alerts.simulation import simulate
from app.steps.memory import Memory, Pending
from app.steps.records import Inbound
from app.steps.story_input import Item
from app.stories.path import StoryPath
from schemas.channels import Channels
from tests.story_tools import item

_WORDS = [f"{a}{b}{c}" for a in ("bar", "tol", "mir", "kes", "dun", "vol") for b in "aeiou" for c in ("n", "rik", "st")]
# Hasty and talkative: a test cannot wait for a month.
RULES = Rules(false_per_day=50.0, warm_up=24, warm_stories=50, least_ratio=1.5, calm=4, cooldown=4, story_age=16)


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def items(count: int, seed: int) -> list[Item]:
    """The first `count` articles of a simulated month with many bursts; those of one story speak of the same thing."""
    return [_item(seen) for seen in simulate(seed, bursts=240, planted_from_day=0).observations[:count]]


def _item(seen: Observation) -> Item:
    words = random.Random(seen.story).sample(_WORDS, 7)
    return item(
        0,
        id=seen.id,
        title=" ".join(words),
        summary=" ".join(reversed(words)),
        url=f"https://news.example/{seen.id}",
        published_at=rfc3339(seen.published_ms),
        processed_at=rfc3339(seen.received_ms),
        countries=[{"code": c, "name": c, "mentions": 1, "prominence": 0.5} for c in seen.countries],
        source={"id": seen.family, "name": seen.family, "family": seen.family},
        topics=list(seen.topics),
    )


def new_path(channels: Channels) -> StoryAlertPath:
    """What the lane runs, without an encoder."""
    return StoryAlertPath(channels, StoryPath(channels), RULES)


def undisturbed(values: list[bytes], channels: Channels) -> tuple[list[dict[str, Any]], dict[bytes, bytes]]:
    """(alerts, state by key) of one run over the records of the story input, one record a batch."""
    path, alerts, state = new_path(channels), [], dict[bytes, bytes]()
    now = datetime(2026, 4, 1, tzinfo=UTC)
    for offset, value in enumerate(values):
        record = Inbound(channels.story_input, 0, offset, 0, None, value)
        for out in path.decide([record], Pending(Memory(1, 100)), now).outgoing:
            if out.topic == channels.alerts:
                alerts.append(orjson.loads(out.value or b""))
            elif out.topic == channels.alert_state and out.key is not None:
                if out.value is None:
                    state.pop(out.key, None)
                else:
                    state[out.key] = out.value
    return alerts, state
