"""One process that is kept alive: started, restarted with back-off when it dies, stopped in the end."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from app.errors import StartFailed

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0
_STEADY_SECONDS: Final = 30.0
# A process that was never ready and died this often will not come up by trying again.
_TRIES: Final = 3

Report = Callable[[str], None]


@dataclass
class Child:
    """A supervised process. `ready_url` answers 200 once it serves; output is appended to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_url: str
    was_ready: bool = False
    restarts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def supervise(self, report: Report, started: Callable[[], None] = lambda: None) -> None:
        """Keep it running until cancelled; `started` is called after every start.

        Raises StartFailed when it dies three times before it was ever ready.
        """
        pause, deaths = _FIRST_PAUSE, 0
        while True:
            began = time.monotonic()
            self.process = await spawn(self.command, self.environment, self.log)
            started()
            code = await self.process.wait()
            deaths += 1
            if not self.was_ready and deaths >= _TRIES:
                raise StartFailed(self.failure(f"the {self.name} ended {deaths} times while it started"))
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            report(f"the {self.name} {ending(code)}; starting it again in {pause:g} s (its log: {self.log})")
            await asyncio.sleep(pause)
            self.restarts += 1
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def wait_until_ready(self, session: aiohttp.ClientSession, seconds: float) -> None:
        """Return when `ready_url` answers 200. Raises StartFailed after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not await self.is_ready(session):  # noqa: ASYNC110 - it is another process that is asked
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise StartFailed(self.failure(f"the {self.name} was not ready after {seconds:.0f} s")) from None
        self.was_ready = True

    async def is_ready(self, session: aiohttp.ClientSession) -> bool:
        """Whether it says so now."""
        try:
            async with session.get(self.ready_url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    def failure(self, what: str) -> str:
        """`what`, with the end of the log and where the rest is."""
        return f"{what}; its log ends with:\n  " + "\n  ".join(tail(self.log)) + f"\nThe whole log: {self.log}"


async def together(*coroutines: Coroutine[object, object, object]) -> None:
    """Run all at once; when one raises, or this is cancelled, cancel the others and wait for them to end."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def spawn(command: Sequence[str], environment: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    """Start a process whose output goes to `log`, in a session of its own: a terminal's Ctrl-C does not reach it."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            start_new_session=True,
        )


async def stop_all(processes: Sequence[asyncio.subprocess.Process], seconds: float, hurry: asyncio.Event) -> None:
    """SIGTERM to every process group, SIGKILL to what is left after `seconds` or as soon as `hurry` is set."""
    alive = [process for process in processes if process.returncode is None]
    if not alive:
        return
    for process in alive:
        _signal_group(process, signal.SIGTERM)
    waits = [asyncio.ensure_future(process.wait()) for process in alive]
    ended = asyncio.ensure_future(asyncio.wait(waits))
    hurried = asyncio.ensure_future(hurry.wait())
    await asyncio.wait([ended, hurried], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    for process in alive:
        if process.returncode is None:
            _signal_group(process, signal.SIGKILL)
    await ended


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def tail(log: Path, count: int = 12) -> list[str]:
    """The last lines of a log."""
    return log.read_text("utf-8", errors="replace").splitlines()[-count:] if log.exists() else ["(nothing)"]
