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
