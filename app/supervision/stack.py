"""The whole of geonews on this machine: Kafka if none is configured, topics, workers, gateway, sample articles."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console

from app.errors import StartFailed
from app.kafka.admin import Difference, ensure_topics
from app.kafka.local import LocalKafka
from app.kafka.local_state import free_port
from app.settings import Settings
from app.supervision.child import Child, ending, spawn, stop_all, tail, together
from app.supervision.record import Record, end

# Lanes get settings.shutdown_seconds for their last batch; a process gets a little more before it is killed.
_GRACE_SECONDS = 1.5
_KAFKA_STOP_SECONDS = 2.5
_READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `samples` None runs none; `rate` is in articles per second."""

    workers: int = 1
    samples: Path | None = None
    rate: float = 5.0


class Stack:
    """Starts everything in order, keeps it running, and stops all that it started and nothing else."""

    def __init__(self, settings: Settings, topics: Sequence[str], plan: Plan, console: Console) -> None:
        self._settings, self._topics, self._plan, self._console = settings, topics, plan, console
        self.home = settings.home.resolve()
        self._logs = self.home / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._kafka = LocalKafka(self.home, heap_mb=settings.kafka_heap_mb, jars=settings.jars)
        self._kafka_is_ours = False
        self._record = Record(self.home)
        self._others: list[asyncio.subprocess.Process] = []
        self._hurry = asyncio.Event()
        self.workers = self._make_workers()
        self.gateway = self._make_gateway()

    @property
    def children(self) -> list[Child]:
        """Workers first, then the gateway."""
        return [*self.workers, self.gateway]

    @contextlib.contextmanager
    def owning(self) -> Iterator[None]:
        """Hold the home directory, and end what an earlier run that was killed has left."""
        with self._record.exclusive():
            processes, kafka_pid = self._record.leftovers()
            self._kafka_is_ours = kafka_pid is not None and kafka_pid == self._kafka.pid
            if processes:
                self.say(f"ending {len(processes)} processes that an earlier `geonews up` left behind")
                end(processes)
            yield

    def say(self, message: str) -> None:
        """One line to the person who watches."""
        self._console.print(message, highlight=False, markup=False, soft_wrap=True)

    def hurry(self) -> None:
        """Wait for nothing any more: kill what still runs."""
        self._hurry.set()

    async def start_kafka(self) -> None:
        """Start the local Kafka, unless a broker is configured or the local one runs already."""
        if self._settings.kafka_bootstrap:
            self.say(f"Kafka: {self._settings.kafka_bootstrap}")
            return
        if self._kafka.is_running:
            self.say(
                f"Kafka: {self._kafka.bootstrap} (it ran before{'' if self._kafka_is_ours else ' and is left running'})"
            )
            return
        self._kafka_is_ours = True
        await self._run_kafka_command()

    async def _run_kafka_command(self) -> None:
        # A process of its own: it can be stopped at any moment, and shows its progress itself.
        process = await asyncio.create_subprocess_exec(
            *geonews("kafka", "start"), env=self._environment(), start_new_session=True
        )
        self._others.append(process)
        if await process.wait():
            raise StartFailed("the local Kafka did not start: the lines above say why")
        self._note()

    async def create_topics(self) -> list[Difference]:
        """Create the missing topics; returns how existing ones differ."""
        return await ensure_topics(self._settings, self._topics)

    async def keep_running(self) -> None:
        """Supervise until cancelled. Raises StartFailed when a process does not come up."""
        watched = [child.supervise(self.say, self._note) for child in self.children]
        if self._kafka_is_ours:
            watched.append(self._keep_kafka())
        await together(*watched)

    async def wait_until_ready(self, session: aiohttp.ClientSession) -> None:
        """Return when every child serves."""
        await together(*(child.wait_until_ready(session, _READY_SECONDS) for child in self.children))

    async def send_samples(self) -> None:
        """Replay the sample articles once, and say how that ended."""
        if self._plan.samples is None:
            return
        command = geonews("ingest", "file", str(self._plan.samples), "--rate", f"{self._plan.rate:g}")
        log = self._logs / "samples.log"
        process = await spawn(command, self._environment(), log)
        self._others.append(process)
        self._note()
        code = await process.wait()
        if code:
            self.say(f"sending the sample articles {ending(code)} (its log: {log})")
        else:
            self.say(f"all sample articles are in ({tail(log, 1)[0]}); everything keeps running")

    async def stop(self) -> None:
        """Stop all that this stack started: children and samples, then the Kafka that they talk to."""
        running = [child.process for child in self.children if child.process is not None]
        await stop_all([*running, *self._others], self._settings.shutdown_seconds + _GRACE_SECONDS, self._hurry)
        if self._kafka_is_ours:
            seconds = 0.0 if self._hurry.is_set() else _KAFKA_STOP_SECONDS
            await asyncio.to_thread(self._kafka.stop, timeout=seconds)

    # -- its parts ---------------------------------------------------------------------------------------------------

    async def _keep_kafka(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if not self._kafka.is_running:
                self.say(f"the local Kafka ended; starting it again (its log: {self._kafka.log})")
                await self._run_kafka_command()

    def _make_workers(self) -> list[Child]:
        made = []
        port = self._settings.web_port
        for number in range(1, self._plan.workers + 1):
            port = free_port(port + (number > 1) if port else 0)
            variables = {"GEONEWS_WEB_PORT": str(port)}
            if self._plan.workers > 1:
                # Static membership: two workers with one id would fence each other.
                variables["GEONEWS_WORKER_ID"] = f"{self._settings.worker_id}-{number}"
            name = "worker" if self._plan.workers == 1 else f"worker {number}"
            made.append(self._child(name, "worker", port, variables))
        return made

    def _make_gateway(self) -> Child:
        wanted = self._settings.gateway_port
        port = free_port(wanted)
        if wanted and port != wanted:
            self.say(f"port {wanted} is taken: the gateway uses {port}")
        return self._child("gateway", "gateway", port, {"GEONEWS_GATEWAY_PORT": str(port)})

    def _child(self, name: str, command: str, port: int, variables: dict[str, str]) -> Child:
        log = self._logs / f"{name.replace(' ', '-')}.log"
        environment = self._environment() | variables
        return Child(name, geonews(command), environment, log, f"http://127.0.0.1:{port}/readyz")

    def _environment(self) -> dict[str, str]:
        return os.environ | {"GEONEWS_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def _note(self) -> None:
        pids = [child.process.pid for child in self.children if child.process and child.process.returncode is None]
        pids += [process.pid for process in self._others if process.returncode is None]
        self._record.write(pids, kafka_pid=self._kafka.pid if self._kafka_is_ours else None)


def geonews(*arguments: str) -> list[str]:
    """Command line of another `geonews` of this same installation."""
    script = Path(sys.executable).with_name("geonews")
    start = [str(script)] if script.exists() else [sys.executable, "-P", "-c", "from app.cli import main; main()"]
    return [*start, *arguments]


def on_signals(first: "asyncio.Task[None]", stack: Stack) -> None:
    """SIGINT, SIGTERM and SIGHUP (a closed terminal): the first cancels the task, the next kills what still stops."""
    loop = asyncio.get_running_loop()
    told = False

    def told_to_stop() -> None:
        nonlocal told
        if told:
            stack.hurry()
        else:
            told = True
            first.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told_to_stop)
