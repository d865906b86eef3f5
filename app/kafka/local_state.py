"""What a local broker leaves on disk about itself: its ports and its process, and how to know that process again."""

import json
import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from app.errors import LocalKafkaError

# Below the range that Linux gives to outgoing connections, or one of those could sit on our port while the broker is
# down. Pairs: the broker's port and the controller's.
_PORTS: Final = range(19_000, 29_000, 2)
# Start times come from the wall clock at boot, which may be set a little later.
_CLOCK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class State:
    """The ports, and the process (0 when stopped) with its start in seconds since the epoch."""

    port: int
    controller_port: int
    pid: int = 0
    created: float = 0.0


class StateFile:
    """`state.json` in the broker's `directory` (absolute)."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "state.json"
        self._server = directory / "server.properties"

    def read(self) -> State | None:
        """The state, or None when the broker was never started here."""
        try:
            return State(**json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, state: State) -> None:
        """Replace the file as a whole, so that no reader sees half of it."""
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(state)), "utf-8")
        scratch.replace(self._path)

    def process(self) -> psutil.Process | None:
        """The broker's process, or None: a recycled pid has another command line or another start time."""
        state = self.read()
        if state is None or not state.pid:
            return None
        try:
            process = psutil.Process(state.pid)
            ours = str(self._server) in process.cmdline()
            if not ours or abs(process.create_time() - state.created) > _CLOCK_SECONDS:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.Error:
            return None


def is_free(port: int) -> bool:
    """Whether nothing listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_pair() -> tuple[int, int]:
    """A free port for the broker and the next one for its controller. Raises LocalKafkaError when there is none."""
    for first in random.sample(_PORTS, 200):
        if is_free(first) and is_free(first + 1):
            return first, first + 1
    raise LocalKafkaError(f"no free pair of ports between {_PORTS.start} and {_PORTS.stop}")


def free_port(wanted: int) -> int:
    """`wanted` when it is free, else the next free one after it; 0: any. Raises LocalKafkaError when there is none."""
    if not wanted:
        return free_pair()[0]
    for port in range(wanted, min(wanted + 100, 65_536)):
        if is_free(port):
            return port
    raise LocalKafkaError(f"no free port from {wanted} on")
