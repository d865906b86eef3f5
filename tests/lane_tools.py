"""What integration tests do with lanes: run both agents in this process, and feed them articles of every kind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any

import orjson
import pytest

from app.classification.base import Classifier
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.delivery.agent import classify_agent, route_agent
from app.delivery.outbox import Outbox
from app.delivery.watchdog import Watchdog
from app.delivery.worker import LaneWorker
from app.health import Health
from app.settings import Settings
from app.steps.identity import canonical_url, home_partition, url_key
from app.steps.outgoing import Outgoing
from tests.kafka_tools import Put


@asynccontextmanager
async def running(settings: Settings, classifier: Classifier | None = None) -> AsyncIterator[Health]:
    """Both agents in this process."""
    health = Health()
    classifier = classifier or lexicon()
    workers = [
        LaneWorker(agent, settings, health, Watchdog(60))
        for agent in (classify_agent(settings, classifier), route_agent(settings))
    ]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield health
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.gather(*tasks)


def break_sending(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The connection is gone once an outbox has sent so many lots; later ones get through again."""
    send, calls = Outbox.send, 0

    async def breaks(outbox: Outbox, records: Any) -> None:
        nonlocal calls
        calls += 1
        await send(outbox, records)
        if calls == after:
            raise OSError("the connection is gone")

    monkeypatch.setattr(Outbox, "send", breaks)


@cache
def lexicon() -> Classifier:
    """The shipped lexicon, built once."""
    return build_classifier("lexicon", load_taxonomy(None))


def article(number: int, **fields: Any) -> dict[str, Any]:
    """An article on a trade deal made in Davos, unlike every other number's."""
    return {
        "url": f"https://news.example/{number}",
        "title": f"Canada and South Korea sign free trade agreement number {number} on critical minerals in Davos",
        "text": f"At the World Economic Forum both governments signed memorandum {number}; tariffs on cars will fall.",
    } | fields


def home(url: str, partitions: int = 4) -> int:
    """The partition of raw that an address belongs to."""
    return home_partition(url_key(canonical_url(url)), partitions)


def mix(count: int, partitions: int = 4) -> Iterator[Put]:
    """`count` records: a fifth each relevant at home, relevant elsewhere, a repeat, irrelevant, or invalid."""
    for number in range(count):
        kind, value = number % 5, article(number)
        if kind == 2:
            value = article(number - 2, url=f"https://m.news.example/{number - 2}?utm_source=x")
        elif kind == 3:
            value |= {"title": f"Village bakery {number} bakes bread", "text": "The bread is good, say its neighbours."}
        place = home(value["url"], partitions)
        yield Put(
            b"nonsense %d" % number if kind == 4 else orjson.dumps(value),
            key=b"key %d" % number,
            partition=(place + 1) % partitions if kind == 1 else place,
            headers=[("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")],
        )


Sabotage = Callable[[list[Outgoing]], list[Outgoing]]


@contextmanager
def sabotaged(change: Sabotage) -> Iterator[None]:
    """Lanes write what `change` makes of each transaction's records: what a defect in delivery would do."""
    send = Outbox.send

    async def changed(outbox: Outbox, records: Any) -> None:
        await send(outbox, change(list(records)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Outbox, "send", changed)
        yield
