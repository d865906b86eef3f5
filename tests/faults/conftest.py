"""Fixtures of the fault suite: it breaks its own broker, never one that is given."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kafka.local import LocalKafka
from tests.faults.fleet import Fleet, new_fleet


@pytest.fixture
async def fleet(local_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Fleet]:
    """No worker yet, topics of its own."""
    if not local_kafka.is_running:  # a test before this one failed half-way
        local_kafka.start()
    async with new_fleet(local_kafka, tmp_path) as fleet:
        yield fleet


@pytest.fixture
async def steady_fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """A fleet on a broker of its own whose session outlasts a short freeze, so that its partitions keep their leader.

    Without one, Kafka 4.3.1 may finish an abort without its markers (docs/decisions/0008-broker-sessions.md): then it
    is Kafka that fails, not what is tested.
    """
    kafka = LocalKafka(tmp_path / "steady", heap_mb=512, extra={"broker.session.timeout.ms": "18000"})
    kafka.start()
    try:
        async with new_fleet(kafka, tmp_path) as fleet:
            yield fleet
    finally:
        kafka.stop()
