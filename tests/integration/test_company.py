"""Lanes of one worker, on a real Kafka, ask a model together; what one of them sends spoils nothing of the others'."""

import asyncio
import threading
from collections.abc import Sequence

import orjson
import pytest

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.company import InCompany
from app.settings import Settings
from tests.faults.verdict import drained
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import article, home, running

pytestmark = pytest.mark.integration


class Gated:
    """Takes every text but "poison", which it fails at; the first call goes on only when `gate` is open."""

    info = ModelInfo("gated", "1", "1")

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.sizes: list[int] = []

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        self.sizes.append(len(documents))
        self.begun.set()
        assert self.gate.wait(60)
        if any("poison" in document.title for document in documents):
            raise ValueError("a text that the model fails at")
        return [Verdict((TopicScore("davos", 0.9, 0.5),), "gated") for _ in documents]


def one_for_each_partition() -> list[Put]:
    """Four articles, each at home on a partition of its own; the last one is poison."""
    found: dict[int, Put] = {}
    number = 0
    while len(found) < 4:
        number += 1
        text = article(number, title=f"number {number} {'poison' if len(found) == 3 else ''}")
        found.setdefault(home(text["url"]), Put(orjson.dumps(text), partition=home(text["url"])))
    return list(found.values())


async def test_lanes_that_wait_for_a_busy_model_go_there_together(settings: Settings) -> None:
    model = Gated()
    company = InCompany(model, 0.02)
    first, *others = one_for_each_partition()
    async with running(settings, company):
        await produce(settings, settings.channels.raw, [first])
        assert await asyncio.to_thread(model.begun.wait, 60)
        await produce(settings, settings.channels.raw, others)
        async with asyncio.timeout(60):
            while len(company._company._open.documents if company._company._open else ()) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        model.gate.set()
        await drained(settings, 60)
    assert model.sizes[:2] == [1, 3], "one lane's article, then those of the other three together"
    events = await read_all(settings, settings.channels.events)
    assert len({orjson.loads(event.value)["url"] for event in events}) == 3
    [letter] = await read_all(settings, settings.channels.dead_letters)
    assert b"poison" in letter.value
