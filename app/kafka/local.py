"""A one-node KRaft Kafka on this machine, from Maven jars: `geonews kafka start|stop|status` and the tests use it.

Everything lies in `<home>/kafka/`: data, server.properties, kafka.log, and state.json with its ports and process. The
ports stay the same across restarts, so a broker that was killed comes back with its data at its address.
"""

import base64
import fcntl
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from app.errors import LocalKafkaError
from app.kafka.broker_config import write_config
from app.kafka.jars import ensure_jars
from app.kafka.java import Java, find_java
from app.kafka.local_state import State, StateFile, free_pair, is_free

_UTF8: Final = {"LC_ALL": "C.UTF-8"}  # Java names files in the locale's encoding
_STARTED: Final = "Kafka Server started"
_ERROR: Final = re.compile(r"\b(ERROR|FATAL)\b|^Caused by|^Error|^[\w.]+(Exception|Error)\b")


class LocalKafka:
    """The broker whose state lies under `home`. Methods may be called from any process that sees that directory.

    `heap_mb` is Java's largest heap in MiB. `port` None keeps the earlier port, or picks a free one the first time.
    `jars` is the directory where jars are shared (None: the user's cache). `extra` holds more broker properties.
    """

    def __init__(
        self,
        home: Path,
        *,
        heap_mb: int = 768,
        port: int | None = None,
        jars: Path | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home.resolve()
        self.directory = self.home / "kafka"
        self.log = self.directory / "kafka.log"
        self._state = StateFile(self.directory)
        self._heap_mb, self._port, self._jars, self._extra = heap_mb, port, jars, extra
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the broker's process lives (it may be paused)."""
        return self._state.process() is not None

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:port`. Raises LocalKafkaError when the broker was never started."""
        state = self._state.read()
        if state is None:
            raise LocalKafkaError("the local Kafka was never started: run `geonews kafka start`")
        return f"127.0.0.1:{state.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process id, or None when it does not run."""
        process = self._state.process()
        return process.pid if process else None

    def start(self, *, timeout: float = 90.0) -> None:
        """Start the broker and return when it serves; nothing happens when it runs already.

        Fetches jars and formats the data directory the first time. `timeout` (seconds) bounds the broker's own start.
        Raises LocalKafkaError with the log's last lines when it dies or does not come up.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._exclusive():
            if self.is_running:
                return
            java = find_java()
            classpath = f"{ensure_jars(self.home, self._jars)}/*"
            state = self._claim_ports()
            server, log4j = write_config(
                self.directory, port=state.port, controller_port=state.controller_port, extra=self._extra
            )
            self._format(java, classpath, server)
            self._launch(java, classpath, server, log4j, state)
            self._wait_until_started(timeout)

    def stop(self, *, timeout: float = 10.0) -> bool:
        """Stop the broker: SIGTERM, then SIGKILL after `timeout` seconds. Returns False when it did not run."""
        process = self._state.process()
        if process is None:
            return False
        process.resume()  # a paused process would not hear SIGTERM
        process.terminate()
        if not self._ended(process, timeout):
            process.kill()
            self._ended(process, 10.0)
        return True

    def kill(self) -> None:
        """SIGKILL: no flush, no goodbye. Data and ports stay for the next start()."""
        if process := self._state.process():
            process.kill()
            self._ended(process, 10.0)

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers, until resume()."""
        self._require().suspend()

    def resume(self) -> None:
        """SIGCONT after pause()."""
        self._require().resume()

    def last_lines(self, count: int = 8) -> list[str]:
        """What the broker's log and Java itself said last; errors go first, for a long goodbye may follow them."""
        paths = (path for path in (self.log, self.directory / "kafka.out") if path.exists())
        lines = [line for path in paths for line in path.read_text("utf-8", errors="replace").splitlines()]
        lines = [line for line in lines if not line.startswith("\tat ")]
        errors = [line for line in lines if _ERROR.search(line)]
        return list(dict.fromkeys([*errors[-count:], *lines[-count:]]))[: count + 4]

    # -- its parts ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _require(self) -> psutil.Process:
        process = self._state.process()
        if process is None:
            raise LocalKafkaError("the local Kafka does not run: start it with `geonews kafka start`")
        return process

    def _claim_ports(self) -> State:
        kept = self._state.read()
        if kept is None:
            port, controller_port = free_pair()
            kept = State(port, controller_port)
        state = State(self._port or kept.port, kept.controller_port)
        for port in (state.port, state.controller_port):
            if not is_free(port):
                raise LocalKafkaError(
                    f"the local Kafka's port {port} is taken by another process: stop that one, or start with another "
                    f"port (`geonews kafka start --port N`), or forget its data (remove {self.directory})"
                )
        self._state.write(state)
        return state

    def _format(self, java: Java, classpath: str, server: Path) -> None:
        if (self.directory / "data" / "meta.properties").exists():
            return
        command = [str(java.command), "-cp", classpath, "kafka.tools.StorageTool", "format", "--standalone"]
        command += ["-t", _cluster_id(), "-c", str(server)]
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, env=os.environ | _UTF8, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-8:]
            raise LocalKafkaError("Kafka could not format its data directory:\n  " + "\n  ".join(said))

    def _launch(self, java: Java, classpath: str, server: Path, log4j: Path, state: State) -> None:
        if self.log.exists():
            self.log.replace(self.directory / "kafka.previous.log")
        command = [str(java.command), f"-Xmx{self._heap_mb}m", "-XX:+ExitOnOutOfMemoryError"]
        if java.version >= 24:  # quiet about what Kafka's own libraries do
            command += ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        command += [f"-Dgeonews.log={self.log}", f"-Dlog4j2.configurationFile={log4j}"]
        command += ["-cp", classpath, "kafka.Kafka", str(server)]
        with (self.directory / "kafka.out").open("wb") as out:
            self._child = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.directory,
                env=os.environ | _UTF8,
                start_new_session=True,
            )
        created = psutil.Process(self._child.pid).create_time()
        self._state.write(replace(state, pid=self._child.pid, created=created))

    def _wait_until_started(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            # A child that ended is a zombie until it is polled.
            if self._child is not None and self._child.poll() is not None:
                raise self._failed(f"the local Kafka ended while it started (exit code {self._child.returncode})")
            if self.log.exists() and _STARTED in self.log.read_text("utf-8", errors="replace"):
                return
            time.sleep(0.1)
        self.kill()
        raise self._failed(f"the local Kafka did not come up within {timeout:.0f} s")

    def _failed(self, what: str) -> LocalKafkaError:
        return LocalKafkaError(
            f"{what}; its log ends with:\n  " + "\n  ".join(self.last_lines()) + f"\nThe whole log: {self.log}. "
            f"If its data is damaged, remove {self.directory} (topics are lost); if memory is short, set "
            "GEONEWS_KAFKA_HEAP_MB."
        )

    def _ended(self, process: psutil.Process, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the process to end, and note that it did."""
        deadline = time.monotonic() + timeout
        # A zombie counts as ended: its parent may be another process that does not look yet.
        while self._state.process() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        if self._child is not None and self._child.pid == process.pid:
            self._child.wait(timeout)
        state = self._state.read()
        if state is not None and state.pid == process.pid:
            self._state.write(State(state.port, state.controller_port))
        return True


def running_bootstrap(home: Path) -> str | None:
    """`host:port` of the local broker whose state lies under `home`, or None when none runs."""
    kafka = LocalKafka(home)
    return kafka.bootstrap if kafka.is_running else None


def _cluster_id() -> str:
    # Kafka's own form: 16 random bytes in base64; a leading "-" would read as an option.
    return "g" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
