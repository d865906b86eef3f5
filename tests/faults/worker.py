"""A worker as operators have it: a process of its own, which a test may kill, freeze, thaw and stop."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psutil
from prometheus_client.parser import text_string_to_metric_families

from app.settings import Settings

ROOT: Final = Path(__file__).parents[2]
_CARRIED: Final = (
    "kafka_bootstrap",
    "namespace",
    "home",
    "session_timeout_ms",
    "heartbeat_interval_ms",
    "transaction_timeout_ms",
    "shutdown_seconds",
    "batch_records",
    "stall_seconds",
)


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process with the test's settings is started with."""
    carried = {f"GEONEWS_{field.upper()}": str(getattr(settings, field)) for field in _CARRIED}
    return {**os.environ, **carried, "GEONEWS_LOG_FORMAT": "json", "PYTHONPATH": str(ROOT)}


class WorkerProcess:
    """`geonews worker` under a name of its own, with the test's settings; `environment` adds to them."""

    def __init__(self, settings: Settings, name: str, logs: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._environment = environment_of(settings) | {"GEONEWS_WORKER_ID": name} | dict(environment or {})
        self.port = 0
        self.max_rss = 0
        self.process: subprocess.Popen[bytes] | None = None

    # -- its life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process, and do not wait for it."""
        self.port = _free_port()
        command = [sys.executable, "-c", "from app.cli import main; main()", "worker", "--web-port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, cwd=self.log.parent, stdout=log, stderr=log)

    @property
    def is_alive(self) -> bool:
        """Whether the process lives (it may be frozen)."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill9(self) -> None:
        """SIGKILL, and wait for the end; nothing happens to a process that has ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing moves."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: the process goes on and knows nothing of the time between."""
        self.signal(signal.SIGCONT)

    async def terminate(self, seconds: float = 10.0) -> tuple[int, float]:
        """SIGTERM; returns the exit code and how long it took. Fails when it takes longer than `seconds`."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        return await self.ended(seconds), time.monotonic() - began

    async def ended(self, seconds: float) -> int:
        """The exit code of a process that ends by itself within `seconds`."""
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while (code := self.process.poll()) is None:
            assert time.monotonic() < deadline, f"{self.name} still runs after {seconds} s\n{self.tail()}"
            await asyncio.sleep(0.05)
        return code

    # -- what it says ------------------------------------------------------------------------------------------------

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz; (0, {}) when nothing answers."""
        return await asyncio.to_thread(_get_json, f"http://127.0.0.1:{self.port}/readyz")

    async def wait_ready(self, seconds: float = 60.0) -> None:
        """Return when /readyz answers 200. Fails with the log's end when it does not, or when the process ends."""
        await self.wait_status(200, seconds)

    async def wait_status(self, wanted: int, seconds: float = 60.0) -> dict[str, Any]:
        """The body of /readyz once it answers with status `wanted`."""
        deadline, last = time.monotonic() + seconds, (0, {"": "no answer"})
        while time.monotonic() < deadline:
            assert self.is_alive, f"{self.name} ended with {self.process and self.process.returncode}\n{self.tail()}"
            last = await self.ready()
            if last[0] == wanted:
                return last[1]
            await asyncio.sleep(0.1)
        raise AssertionError(f"{self.name}: /readyz does not become {wanted}: {last}\n{self.tail()}")

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 when there are none."""
        text = await asyncio.to_thread(_get_text, f"http://127.0.0.1:{self.port}/metrics")
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def sample_memory(self) -> int:
        """Resident memory in bytes (0 when it does not run); the largest is kept in `max_rss`."""
        if not self.is_alive or self.process is None:
            return 0
        try:
            rss = int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0
        self.max_rss = max(self.max_rss, rss)
        return rss

    def tail(self, lines: int = 40) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return f"{self.name}: no log"
        said = self.log.read_text("utf-8", errors="replace").splitlines()[-lines:]
        return f"--- {self.log.name} ---\n" + "\n".join(said)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _get_json(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError):
        return 0, {}


def _get_text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())
