"""The faults of `make chaos`: each is done to a fleet at work, and undone after a while."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final

from tests.faults.fleet import Fleet
from tests.faults.worker import WorkerProcess

Log = Callable[[str], None]
EXTRA: Final = "c"


class Mischief:
    """Chooses and does faults, from a seed. What is being broken already is left alone until it is whole again."""

    def __init__(self, fleet: Fleet, seed: int, log: Log) -> None:
        self._fleet = fleet
        self._rng = random.Random(seed)
        self._log = log
        self._busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._kinds: dict[str, Callable[[str], Awaitable[None]]] = {
            "kill -9": self._kill9,
            "zombie": self._zombie,
            "SIGTERM": self._terminate,
            "add a worker": self._add,
            "broker kill -9": self._broker_kill9,
            "broker pause": self._broker_pause,
        }
        self.done: dict[str, int] = dict.fromkeys(self._kinds, 0)
        self.slowest_exit = 0.0
        self.problems: list[str] = []

    def strike(self) -> None:
        """Begin one fault, of a kind and at a victim chosen at random."""
        victims = {kind: [v for v in self._victims(kind) if v not in self._busy] for kind in self._kinds}
        kinds = [kind for kind, possible in victims.items() if possible]
        if not kinds:
            self._log("everything is broken already")
            return
        kind = self._rng.choice(kinds)
        victim = self._rng.choice(victims[kind])
        self.done[kind] += 1
        self._busy.add(victim)
        task = asyncio.create_task(self._do(kind, victim))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _victims(self, kind: str) -> list[str]:
        if kind.startswith("broker"):
            return ["broker"]
        return [EXTRA] if kind == "add a worker" else [name for name in self._fleet.workers if name != EXTRA]

    async def _do(self, kind: str, victim: str) -> None:
        try:
            await self._kinds[kind](victim)
        except Exception as error:  # the run goes on, and ends with exit code 1
            self.problems.append(f"{kind} of {victim}: {error!r}")
            self._log(f"[red]{self.problems[-1]}[/red]")
        finally:
            self._busy.discard(victim)

    async def end(self) -> None:
        """Wait until every fault is undone; then all workers and the broker run."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def watch(self) -> None:
        """Start what ended by itself, as a supervisor would, and note it."""
        for name, worker in self._fleet.workers.items():
            if name not in self._busy and name != EXTRA and not worker.is_alive:
                assert worker.process is not None
                self.problems.append(f"worker {name} ended by itself with {worker.process.returncode}")
                self._log(f"[red]{self.problems[-1]}[/red], and is started again\n{worker.tail(10)}")
                worker.start()

    async def _pause(self, shortest: float, longest: float) -> None:
        await asyncio.sleep(self._rng.uniform(shortest, longest))

    # -- each fault --------------------------------------------------------------------------------------------------

    async def _kill9(self, victim: str) -> None:
        self._log(f"kill -9 of worker {victim}")
        self._fleet.workers[victim].kill9()
        await self._pause(0.0, 4.0)
        self._fleet.workers[victim].start()

    async def _zombie(self, victim: str) -> None:
        session = self._fleet.settings.session_timeout_ms / 1000
        self._log(f"worker {victim} freezes for longer than its session")
        self._fleet.workers[victim].freeze()
        await self._pause(session + 1.0, session + 4.0)
        self._log(f"worker {victim} thaws, a zombie")
        self._fleet.workers[victim].thaw()

    async def _terminate(self, victim: str) -> None:
        self._log(f"SIGTERM to worker {victim}")
        await self._stopped(self._fleet.workers[victim], victim)
        await self._pause(0.0, 4.0)
        self._fleet.workers[victim].start()

    async def _add(self, victim: str) -> None:
        self._log("one more worker")
        worker = self._fleet.worker(victim)
        await self._pause(6.0, 14.0)
        await self._stopped(worker, victim)

    async def _stopped(self, worker: WorkerProcess, name: str) -> None:
        started = (await worker.ready())[0] != 0
        code, seconds = await worker.terminate(60.0)
        self.slowest_exit = max(self.slowest_exit, seconds)
        self._log(f"worker {name} left with {code} after {seconds:.1f} s")
        if code != 0 and (started or code != -signal.SIGTERM):  # before it listens for signals it just dies
            self.problems.append(f"worker {name} answered SIGTERM with exit code {code}")

    async def _broker_kill9(self, _victim: str) -> None:
        self._log("kill -9 of the broker")
        began = time.monotonic()
        await asyncio.to_thread(self._fleet.kafka.kill)
        await asyncio.to_thread(self._fleet.kafka.start)
        self._log(f"the broker is back after {time.monotonic() - began:.1f} s")

    async def _broker_pause(self, _victim: str) -> None:
        seconds = self._rng.uniform(1.0, 8.0)
        self._log(f"the broker answers nothing for {seconds:.1f} s")
        self._fleet.kafka.pause()
        await asyncio.sleep(seconds)
        self._fleet.kafka.resume()
