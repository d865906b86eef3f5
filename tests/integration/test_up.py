"""`geonews up` as a person uses it: one command, a live page, and Ctrl-C that leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.kafka.local import LocalKafka
from app.kafka.local_state import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


class Up:
    """A running `geonews up`, in a session of its own, with its output in a file."""

    def __init__(self, home: Path, *arguments: str, **variables: str) -> None:
        self.home, self.output = home, home / "up.out"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
        environment |= {
            "GEONEWS_HOME": str(home),
            "GEONEWS_KAFKA_HEAP_MB": "512",
            "GEONEWS_NAMESPACE": f"t{uuid.uuid4().hex[:10]}",
            "GEONEWS_PARTITIONS": "4",
            "GEONEWS_WEB_PORT": "0",
            "GEONEWS_GATEWAY_PORT": "0",
            **variables,
        }
        command = [sys.executable, "-c", "from app.cli import main; main()", "up", *arguments]
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, env=environment, start_new_session=True, stdin=subprocess.DEVNULL
            )

    @property
    def said(self) -> str:
        return self.output.read_text("utf-8")

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
        """Wait for a true value and return it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            assert self.process.poll() is None, f"geonews up ended before {what}:\n{self.said}"
            time.sleep(0.1)
        raise AssertionError(f"{what} not seen in {seconds} s:\n{self.said}")

    def page(self) -> str:
        """Address of the live page, once it is announced."""
        return str(self.until(lambda: re.search(r"live page: (\S+)", self.said), "the page's address")[1])

    def children(self) -> dict[int, str]:
        """Pid and command line of every process that up.json lists."""
        record = json.loads((self.home / "up.json").read_text("utf-8"))
        return {entry["pid"]: " ".join(entry["command"]) for entry in record["processes"]}

    def worker(self) -> int:
        """Pid of the worker; 0 while there is none."""
        return next((pid for pid, command in self.children().items() if command.endswith(" worker")), 0)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send one signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "home"
    directory.mkdir()
    yield directory
    LocalKafka(directory).stop()


def alive(pid: int | None) -> bool:
    """A zombie is not: it waits for whoever adopted it."""
    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_one_command_serves_samples_heals_and_leaves_nothing(home: Path) -> None:
    up = Up(home, "--samples", "--rate", "0")
    try:
        page = up.page()
        up.until(lambda: "all sample articles are in" in up.said, "the end of the samples")
        up.until(lambda: '"topics"' in get(f"{page}v1/events"), "events of the samples")
        assert "<html" in get(page).lower()

        first = up.worker()
        os.kill(first, signal.SIGKILL)
        up.until(lambda: up.worker() not in (0, first), "a new worker")
        assert "worker was killed by SIGKILL; starting it again" in up.said

        kafka = LocalKafka(home)
        kafka.kill()
        up.until(lambda: kafka.is_running, "Kafka again")
        assert "the local Kafka ended; starting it again" in up.said
        running = [*up.children(), kafka.pid]
        code = up.stop()
    finally:
        up.process.kill()
    assert code == 0, up.said
    assert [pid for pid in running if alive(pid)] == []
    assert not kafka.is_running
    assert not (home / "up.json").exists()


def test_a_kafka_that_ran_before_is_left_running_and_ports_give_way(home: Path, local_kafka: LocalKafka) -> None:
    mine = LocalKafka(home, heap_mb=512)
    mine.start()
    taken = int(local_kafka.bootstrap.split(":")[1])
    up = Up(home, "--workers", "2", GEONEWS_GATEWAY_PORT=str(taken))
    try:
        page = up.page()
        assert f":{taken}/" not in page
        assert f"port {taken} is taken" in up.said
        assert sum(command.endswith(" worker") for command in up.children().values()) == 2, up.said
        running = list(up.children())
        code = up.stop(signal.SIGTERM)
    finally:
        up.process.kill()
    assert code == 0, up.said
    assert [pid for pid in running if alive(pid)] == []
    assert mine.is_running


def test_the_next_up_clears_away_what_a_killed_one_left(home: Path) -> None:
    killed = Up(home)
    killed.page()
    orphans = list(killed.children())
    kafka_pid = LocalKafka(home).pid
    killed.process.kill()
    killed.process.wait()
    assert all(alive(pid) for pid in orphans)

    up = Up(home)
    try:
        up.page()
        assert "left behind" in up.said
        assert [pid for pid in orphans if alive(pid)] == []
        assert LocalKafka(home).pid == kafka_pid
        assert up.stop() == 0
    finally:
        up.process.kill()
    assert not LocalKafka(home).is_running  # the first one started it, so it was ours to stop


def test_a_broker_that_does_not_answer_is_said_and_nothing_is_left(home: Path) -> None:
    up = Up(home, GEONEWS_KAFKA_BOOTSTRAP=f"127.0.0.1:{free_port(0)}")
    assert up.process.wait(60) == 2
    assert "no Kafka answers at 127.0.0.1" in up.said
    assert not (home / "up.json").exists()
