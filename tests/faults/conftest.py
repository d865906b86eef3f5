"""Fixtures of the fault suite: it breaks its own broker, never one that is given."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kafka.admin import ensure_topics
from app.kafka.local import LocalKafka
from tests.conftest import TOPICS, make_settings
from tests.faults.classifiers import Signs
from tests.faults.fleet import Fleet


@pytest.fixture
async def fleet(local_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Fleet]:
    """No worker yet, topics of its own; batches are small, so that faults fall between many transactions."""
    if not local_kafka.is_running:  # a test before this one failed half-way
        local_kafka.start()
    settings = make_settings(local_kafka.bootstrap, tmp_path).model_copy(update={"batch_records": 50})
    assert await ensure_topics(settings, TOPICS) == []
    fleet = Fleet(settings, local_kafka, tmp_path, Signs())
    await fleet.feeder.start()
    try:
        yield fleet
    finally:
        fleet.stop()
        for worker in fleet.workers.values():
            print(worker.tail())  # shown when the test has failed
        await fleet.feeder.stop()
