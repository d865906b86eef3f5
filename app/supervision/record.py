"""What `geonews up` has started, on disk: so that two never run in one home, and none leaves orphans to the next."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from app.errors import StartFailed

_CLOCK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One process: its pid, its start in seconds since the epoch, its command line."""

    pid: int
    created: float
    command: list[str]

    @classmethod
    def of(cls, pid: int) -> "Entry | None":
        """The process with this pid, or None when it is gone."""
        try:
            process = psutil.Process(pid)
            return cls(pid, process.create_time(), process.cmdline())
        except psutil.Error:
            return None

    def process(self) -> psutil.Process | None:
        """The living process, unless its pid has gone to another one."""
        try:
            process = psutil.Process(self.pid)
            same = process.cmdline() == self.command and abs(process.create_time() - self.created) < _CLOCK_SECONDS
        except psutil.Error:
            return None
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None


class Record:
    """`up.json` and `up.lock` in the home directory."""

    def __init__(self, home: Path) -> None:
        self._path, self._lock = home / "up.json", home / "up.lock"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the home for this process. Raises StartFailed when another `geonews up` holds it."""
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise StartFailed(
                    f"`geonews up` already runs here (pid {lock.read().strip() or 'unknown'}): stop that one with "
                    "Ctrl-C, or set GEONEWS_HOME and GEONEWS_NAMESPACE for a second one"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                self._path.unlink(missing_ok=True)

    def write(self, pids: Sequence[int], *, kafka_pid: int | None) -> None:
        """Note the processes that run now; `kafka_pid`: the local Kafka, if this run started it."""
        entries = [entry for entry in map(Entry.of, pids) if entry]
        content = {
            "kafka_pid": kafka_pid,
            "processes": [{"pid": e.pid, "created": e.created, "command": e.command} for e in entries],
        }
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(content), "utf-8")
        scratch.replace(self._path)

    def leftovers(self) -> tuple[list[psutil.Process], int | None]:
        """Processes of an earlier run that was killed, and the pid of the local Kafka if it had started that."""
        try:
            content = json.loads(self._path.read_text("utf-8"))
            entries = [Entry(**entry) for entry in content["processes"]]
            kafka_pid: int | None = content["kafka_pid"]
        except (OSError, ValueError, TypeError, KeyError):
            return [], None
        return [process for entry in entries if (process := entry.process())], kafka_pid


def end(processes: Sequence[psutil.Process], seconds: float = 10.0) -> None:
    """SIGTERM, then SIGKILL after `seconds`."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=seconds)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
