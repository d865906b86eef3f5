"""The local broker: its address and data outlive any death, it fails clearly, and it touches no process but its own."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import NewTopic

from app.errors import LocalKafkaError
from app.kafka.admin import admin_client, topic_states
from app.kafka.local import LocalKafka, running_bootstrap
from tests.conftest import make_settings
from tests.kafka_tools import produce, read_all

pytestmark = pytest.mark.integration


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    # A home that needs escaping wherever it is written down.
    broker = LocalKafka(tmp_path / "hö me", heap_mb=512)
    yield broker
    broker.stop()


async def test_data_and_address_survive_kill_and_pause(kafka: LocalKafka, tmp_path: Path) -> None:
    await asyncio.to_thread(kafka.start)
    address = kafka.bootstrap
    settings = make_settings(address, tmp_path)
    async with admin_client(settings) as admin:
        await admin.create_topics([NewTopic("kept", 1, 1)])
    await produce(settings, "kept", [b"before"])

    kafka.kill()
    assert not kafka.is_running
    assert running_bootstrap(kafka.home) is None
    await asyncio.to_thread(kafka.start)
    assert kafka.bootstrap == address
    assert [record.value for record in await read_all(settings, "kept")] == [b"before"]

    kafka.pause()
    assert kafka.is_running
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(topic_states(settings, ["kept"]), 1.5)
    kafka.resume()
    await produce(settings, "kept", [b"after"])
    assert [record.value for record in await read_all(settings, "kept")] == [b"before", b"after"]

    kafka.pause()
    assert kafka.stop()
    assert not kafka.stop()


def test_the_command_line_controls_the_same_broker(kafka: LocalKafka) -> None:
    assert _geonews(kafka, "kafka", "status").returncode == 1
    started = _geonews(kafka, "kafka", "start")
    assert started.returncode == 0, started.stderr
    assert kafka.is_running
    assert kafka.bootstrap in started.stdout
    assert running_bootstrap(kafka.home) == kafka.bootstrap
    assert "already runs" in _geonews(kafka, "kafka", "start").stdout
    assert kafka.bootstrap in _geonews(kafka, "kafka", "status").stdout
    assert _geonews(kafka, "kafka", "stop").returncode == 0
    assert not kafka.is_running
    assert _geonews(kafka, "topics", "list").returncode == 2


def test_starts_at_the_same_time_make_one_broker(kafka: LocalKafka) -> None:
    script = (
        f"from pathlib import Path; from app.kafka.local import LocalKafka as K; K(Path({str(kafka.home)!r})).start()"
    )
    starters = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [starter.wait(100) for starter in starters] == [0, 0]
    server = str(kafka.directory / "server.properties")
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if server in (p.info["cmdline"] or [])] == [kafka.pid]


def test_a_recycled_pid_is_left_alone(kafka: LocalKafka) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        created = psutil.Process(stranger.pid).create_time()
        kafka.directory.mkdir(parents=True)
        state = {"port": 19_000, "controller_port": 19_001, "pid": stranger.pid, "created": created}
        (kafka.directory / "state.json").write_text(json.dumps(state))
        assert not kafka.is_running
        assert not kafka.stop()
        kafka.kill()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_named(kafka: LocalKafka, local_kafka: LocalKafka) -> None:
    taken = int(local_kafka.bootstrap.split(":")[1])
    with pytest.raises(LocalKafkaError, match=rf"port {taken} is taken .*--port"):
        LocalKafka(kafka.home, port=taken).start()


def test_a_broker_that_dies_shows_its_log(kafka: LocalKafka) -> None:
    data = kafka.directory / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("node.id=99\nversion=1\ncluster.id=x\n")
    with pytest.raises(LocalKafkaError, match=r"(?s)exit code 1.*ERROR.*99.*kafka\.log.*remove") as caught:
        kafka.start()
    assert "\tat " not in str(caught.value)
    assert not kafka.is_running


def test_a_broker_that_does_not_come_up_is_not_left_behind(kafka: LocalKafka) -> None:
    with pytest.raises(LocalKafkaError, match=r"did not come up within 0 s"):
        kafka.start(timeout=0.01)
    assert not kafka.is_running


def _geonews(kafka: LocalKafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
    environment |= {"GEONEWS_HOME": str(kafka.home), "GEONEWS_KAFKA_HEAP_MB": "512", "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100, check=False)
