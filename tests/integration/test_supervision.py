"""Supervision with real processes: restarts, giving up, stopping, and what a killed `geonews up` leaves behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import psutil
import pytest

from app.errors import StartFailed
from app.kafka.local_state import free_port
from app.supervision.child import Child, spawn, stop_all, together
from app.supervision.record import Entry, Record, end

pytestmark = pytest.mark.integration

SERVER = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a file or a process changes, nothing of ours
            await asyncio.sleep(0.05)


def child(tmp_path: Path, script: str, port: int) -> Child:
    command = [sys.executable, "-c", script, str(port)]
    return Child("thing", command, os.environ, tmp_path / "thing.log", f"http://127.0.0.1:{port}/readyz")


async def test_a_killed_child_is_started_again_and_said_so(tmp_path: Path) -> None:
    thing, said = child(tmp_path, SERVER, free_port(0)), list[str]()
    keeping = asyncio.create_task(thing.supervise(said.append))
    async with aiohttp.ClientSession() as session:
        await thing.wait_until_ready(session, 20)
        assert thing.process is not None
        first = thing.process.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: thing.process is not None and thing.process.pid != first)
        await thing.wait_until_ready(session, 20)
    keeping.cancel()
    await stop_all([thing.process], 5, asyncio.Event())
    assert thing.restarts == 1
    assert len(said) == 1
    assert "killed by SIGKILL" in said[0]
    assert str(thing.log) in said[0]
    assert not psutil.pid_exists(thing.process.pid)


async def test_a_child_that_never_comes_up_ends_it_with_its_last_words(tmp_path: Path) -> None:
    thing = child(tmp_path, "raise SystemExit('no such table: news')", free_port(0))
    with pytest.raises(StartFailed, match=r"(?s)thing ended 3 times.*no such table: news.*thing\.log"):
        await thing.supervise(lambda _: None)


async def test_a_child_that_is_never_ready_ends_it(tmp_path: Path) -> None:
    thing = child(tmp_path, "print('thinking', flush=True); import time; time.sleep(60)", free_port(0))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(StartFailed, match=r"(?s)not ready after 2 s.*thinking"):
            await together(thing.supervise(lambda _: None), thing.wait_until_ready(session, 2))
    assert thing.process is not None
    await stop_all([thing.process], 5, asyncio.Event())


@pytest.mark.parametrize("hurried", [True, False])
async def test_a_deaf_process_is_killed_in_the_end(tmp_path: Path, hurried: bool) -> None:
    log, hurry = tmp_path / "log", asyncio.Event()
    process = await spawn([sys.executable, "-c", DEAF], os.environ, log)
    await until(lambda: "deaf" in log.read_text())
    stopping = asyncio.create_task(stop_all([process], 600 if hurried else 1, hurry))
    await asyncio.sleep(0.2)
    assert process.returncode is None
    if hurried:
        hurry.set()
    await stopping
    assert process.returncode == -signal.SIGKILL


async def test_together_stops_the_others_before_it_raises() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise StartFailed("first")

    with pytest.raises(StartFailed, match="first"):
        await together(forever(), fail(), forever())
    assert ended == [True, True]


def test_leftovers_are_found_and_strangers_left_alone(tmp_path: Path) -> None:
    orphan, stranger = (subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) for _ in range(2))
    try:
        for process in (orphan, stranger):
            assert process.stdout is not None
            assert process.stdout.readline() == b"deaf\n"
        record = Record(tmp_path)
        record.write([orphan.pid], kafka_pid=17)
        found, kafka_pid = Record(tmp_path).leftovers()
        assert ([process.pid for process in found], kafka_pid) == ([orphan.pid], 17)
        # The same pid in another life: another start time, or another command line.
        entry = Entry.of(stranger.pid)
        assert entry is not None
        assert entry.process() is not None
        assert Entry(entry.pid, entry.created - 100, entry.command).process() is None
        assert Entry(entry.pid, entry.created, ["other"]).process() is None
        end(found, seconds=0.5)
        assert orphan.wait(10) == -signal.SIGKILL
        assert stranger.poll() is None
        assert Record(tmp_path).leftovers()[0] == []
    finally:
        for process in (orphan, stranger):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


def test_only_one_up_in_a_home(tmp_path: Path) -> None:
    taken = pytest.raises(StartFailed, match=rf"pid {os.getpid()}\b.*GEONEWS_HOME")
    with Record(tmp_path).exclusive(), taken, Record(tmp_path).exclusive():
        pass
    with Record(tmp_path).exclusive():
        assert (tmp_path / "up.lock").read_text() == str(os.getpid())
