"""The work that every contender does for each record: geonews's own pure steps, with a classifier that costs nothing.

Only delivery differs between contenders, so the ratios speak of delivery alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.pipeline import ClassifyPath, RoutePath
from app.steps.memory import Memory, Pending
from app.steps.outgoing import Outgoing
from app.steps.records import Inbound
from schemas.channels import Channels

WINDOW_MS = 3_600_000
ENTRIES = 10_000_000


class Work:
    """The two paths of the pipeline, one after the other in one process, with memories that are never saved."""

    def __init__(self, namespace: str) -> None:
        self._channels = Channels(namespace)
        self._classify = ClassifyPath(self._channels, build_classifier("none", load_taxonomy(None)), partitions=1)
        self._route = RoutePath(self._channels)
        self._seen, self._claims = Memory(WINDOW_MS, ENTRIES), Memory(WINDOW_MS, ENTRIES)

    def __call__(self, value: bytes) -> Iterator[Outgoing]:
        """The events, as (topic, key, value, headers), that one raw value leads to."""
        now = datetime.now(UTC)
        seen, claims = Pending(self._seen), Pending(self._claims)
        record = Inbound(self._channels.raw, 0, 0, int(now.timestamp() * 1000), None, value)
        for candidate in self._classify.decide([record], seen, now).outgoing:
            packed = Inbound(candidate.topic, 0, 0, record.timestamp, None, candidate.value)
            yield from self._route.decide([packed], claims, now).outgoing
        seen.commit()
        claims.commit()


@cache
def work(namespace: str) -> Work:
    """One Work for this process."""
    return Work(namespace)
