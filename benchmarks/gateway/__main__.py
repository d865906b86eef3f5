"""Stream clients on one gateway: `python -m benchmarks.gateway [--clients 1000] [--rate 20] [--seconds 60] [--kill]`.

Kafka, the gateway, the load and all clients share this machine. The time of each event at each client runs from just
before its commit was asked for to when the client's process has read it. With --kill the gateway is killed (SIGKILL)
in the middle and started again at once: then nothing may be lost and nothing come twice.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from app.kafka.admin import ensure_topics
from app.settings import Settings
from benchmarks.delivery.contenders import TOPICS, kafka
from benchmarks.gateway.producing import commit_events

WARM_UP_SECONDS = 2
DONE_SECONDS = 60
Process = subprocess.Popen[bytes]
_console = Console()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Gateway:
    """One that can be killed and comes back on the same port."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.port = free_port()
        self.cpu_seconds = 0.0
        self.killed_at = 0.0
        self._log = folder / "gateway.log"
        self._environment = os.environ | {
            "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
            "GEONEWS_NAMESPACE": settings.namespace,
            "GEONEWS_HOME": str(settings.home),
            "GEONEWS_GATEWAY_PORT": str(self.port),
            "GEONEWS_LOG_LEVEL": "warning",
        }
        self.process = self._start()

    def _start(self) -> Process:
        command = [sys.executable, "-c", "from app.cli import main; main()", "gateway"]
        return subprocess.Popen(command, env=self._environment, stdout=self._log.open("ab"), stderr=subprocess.STDOUT)

    async def until_ready(self) -> None:
        """Wait until the window has been read."""

        def ready() -> bool:
            with contextlib.suppress(OSError):
                return bool(json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz"))["ready"])
            return False

        async with asyncio.timeout(60):
            while not await asyncio.to_thread(ready):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.1)

    async def kill_after(self, seconds: float) -> None:
        """SIGKILL, and a new start at once, as a supervisor would do it."""
        await asyncio.sleep(seconds)
        self.count_cpu()
        self.killed_at = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def count_cpu(self) -> None:
        """Add what this process has used."""
        used = psutil.Process(self.process.pid).cpu_times()
        self.cpu_seconds += used.user + used.system

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def crowd(port: int, clients: int, events: int, file: Path) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway.clients", str(port), str(clients), str(events), str(file)],
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def measure(options: argparse.Namespace, settings: Settings, folder: Path) -> dict[str, Any]:
    """Run once; figures by name."""
    await ensure_topics(settings, TOPICS)
    gateway = Gateway(settings, folder)
    warm_up = int(WARM_UP_SECONDS * options.rate)
    events = warm_up + int(options.seconds * options.rate)
    try:
        await gateway.until_ready()
        with crowd(gateway.port, options.clients, events, folder / "seen") as clients:
            assert clients.stdout is not None
            assert (await asyncio.to_thread(clients.stdout.readline)) == b"ready\n"
            kill = asyncio.create_task(
                gateway.kill_after(WARM_UP_SECONDS + options.seconds / 2) if options.kill else asyncio.sleep(0)
            )
            committed = await commit_events(settings, 0, events, options.rate)
            await kill
            async with asyncio.timeout(DONE_SECONDS):
                told = json.loads(await asyncio.to_thread(clients.stdout.readline))
        gateway.count_cpu()
    finally:
        gateway.stop()
    seen = np.fromfile(folder / "seen").reshape(options.clients, events)
    return judged(seen, np.array(committed), warm_up, gateway, told)


def judged(
    seen: "np.ndarray[Any, Any]", committed: "np.ndarray[Any, Any]", warm_up: int, gateway: Gateway, told: Any
) -> dict[str, Any]:
    """Figures of a run; `seen` is clients x events, 0 where one never came."""
    missed = int((seen == 0).sum())
    took = (seen - committed)[:, warm_up:]
    calm = took[(seen[:, warm_up:] > 0)]
    figures: dict[str, Any] = {
        "clients": seen.shape[0],
        "events a client": seen.shape[1],
        "events/s": round((len(committed) - 1) / (committed[-1] - committed[0]), 1),
        "missed": missed,
        "repeated": told["counts"].get("repeats", 0),
    }
    if gateway.killed_at:
        back = seen[:, committed > gateway.killed_at].min(axis=1) - gateway.killed_at
        figures |= {
            "back after s, median": round(float(np.median(back)), 2),
            "back after s, last": round(back.max(), 2),
        }
        # Those of the outage wait for it to end; the others are told apart by when they were committed.
        outside = (committed[warm_up:] < gateway.killed_at - 0.5) | (
            committed[warm_up:] > gateway.killed_at + back.max()
        )
        calm = took[:, outside].ravel()
    for name, cut in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)) if calm.size else ():
        figures[f"{name} ms"] = round(float(np.percentile(calm, cut)) * 1000, 1)
    span = committed[-1] - committed[0]
    figures["gateway CPU %"] = round(100 * gateway.cpu_seconds / span)
    figures["clients CPU %"] = round(100 * told["cpu_seconds"] / span)
    figures |= {name: number for name, number in sorted(told["counts"].items()) if name != "repeats"}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20.0, help="events a second, to each client")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill", action="store_true", help="kill the gateway in the middle")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="geonews-bench-"))
    with kafka() as base:
        figures = asyncio.run(measure(options, base.model_copy(update={"namespace": "bench-gateway"}), folder))
    table = Table("figure", "value", title="stream clients on one gateway")
    for name, value in figures.items():
        table.add_row(name, str(value))
    _console.print(table)
    if figures["missed"] or figures["repeated"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
