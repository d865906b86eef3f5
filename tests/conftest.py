"""Fixtures: a real Kafka for the whole test session, and settings with topics of their own for each test."""

import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from app.kafka.admin import delete_topics, ensure_topics
from app.kafka.local import LocalKafka
from app.settings import Settings

# No deadlines: a loaded machine is no defect. On CI the examples are the same in every run.
hypothesis.settings.register_profile("geonews", deadline=None, derandomize="CI" in os.environ, print_blob=True)
hypothesis.settings.load_profile("geonews")

# A run in the background of a shell inherits an ignored SIGINT, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TOPICS = ("trade-deals", "ukraine-war", "davos")


@pytest.fixture(scope="session")
def local_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A local broker that this test session started (one for each xdist worker); stopped at the end."""
    kafka = LocalKafka(tmp_path_factory.mktemp("kafka-home"), heap_mb=512)
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """The broker of GEONEWS_KAFKA_BOOTSTRAP when that is set, else the session's own."""
    given = os.environ.get("GEONEWS_KAFKA_BOOTSTRAP")
    return given or str(request.getfixturevalue("local_kafka").bootstrap)


@pytest.fixture
def bare_settings(kafka_bootstrap: str, tmp_path: Path) -> Settings:
    """Settings with a namespace of their own, no topics yet."""
    return make_settings(kafka_bootstrap, tmp_path)


@pytest.fixture
async def settings(bare_settings: Settings) -> AsyncIterator[Settings]:
    """Settings with a namespace of their own and all its topics, four partitions each; deleted after the test."""
    assert await ensure_topics(bare_settings, TOPICS) == []
    yield bare_settings
    await delete_topics(bare_settings, [channel.name for channel in bare_settings.channels.all(TOPICS)])


def make_settings(bootstrap: str, home: Path) -> Settings:
    """Small timeouts, so that tests see rebalances and fencing soon, and free ports."""
    return Settings(
        _env_file=None,
        kafka_bootstrap=bootstrap,
        home=home,
        namespace=f"t{uuid.uuid4().hex[:10]}",
        worker_id=f"w{uuid.uuid4().hex[:10]}",
        partitions=4,
        session_timeout_ms=3000,
        heartbeat_interval_ms=500,
        transaction_timeout_ms=10_000,
        shutdown_seconds=5.0,
        web_port=0,
        gateway_port=0,
    )
