"""A worker is killed again and again while alerts are made: they, and what was learned, are as if nothing had been."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.settings import Settings
from app.steps.story_input import story_input
from tests.alert_tools import items, undisturbed
from tests.faults.fleet import Fleet
from tests.faults.verdict import committed_records, drained_topic
from tests.faults.worker import ROOT, environment_of
from tests.kafka_tools import Put, produce

pytestmark = pytest.mark.faults
_TOGETHER = 40  # items in a record


class StoryWorker:
    """The lane of stories and alerts, in a process of its own."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log
        self._environment = environment_of(settings) | {"GEONEWS_WORKER_ID": f"{settings.namespace}-stories"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            command = [sys.executable, "-m", "tests.faults.story_worker"]
            self._process = subprocess.Popen(command, env=self._environment, cwd=ROOT, stdout=out, stderr=out)

    def kill9(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-3000:]


def by_id(alerts: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for alert in alerts:
        found[alert["id"]].append(alert)
    return found


async def learned(settings: Settings) -> dict[bytes, bytes]:
    state: dict[bytes, bytes] = {}
    async for record in committed_records(settings, settings.channels.alert_state):
        if record.value is None:
            state.pop(record.key, None)
        else:
            state[record.key] = record.value
    return state


async def killed(settings: Settings, worker: StoryWorker, count: int, kills: int, seconds: float) -> None:
    """Run `count` articles through a worker that is killed at different times, and compare."""
    channels = settings.channels
    every = items(count, seed=7)
    values = [
        out.value or b""
        for at in range(0, count, _TOGETHER)
        for out in story_input(every[at : at + _TOGETHER], channels)
    ]
    await produce(settings, channels.story_input, [Put(value, partition=0) for value in values])
    worker.start()
    done = 0
    for kill in range(kills):
        async with asyncio.timeout(seconds):
            while (now := await _clock(settings)) <= done:
                worker.check()
                await asyncio.sleep(0.05 + 0.13 * kill)
        worker.kill9()
        worker.start()
        done = now
    assert done < len(values), "the last kill was to be half-way"
    await drained_topic(settings, f"{settings.namespace}-stories", channels.story_input, seconds)
    worker.check()

    alerts, state = await asyncio.to_thread(undisturbed, values, channels)
    assert len(by_id(alerts)) > 5, "too quiet: nothing is compared"
    found = [orjson.loads(record.value) async for record in committed_records(settings, channels.alerts)]
    assert by_id(found) == by_id(alerts)
    assert await learned(settings) == state


async def _clock(settings: Settings) -> int:
    """How many transactions were committed that moved the detector's clock."""
    state = committed_records(settings, settings.channels.alert_state)
    return sum([record.key == b"clock" async for record in state])


async def test_kill_9_leaves_the_same_alerts(fleet: Fleet, tmp_path: Path) -> None:
    worker = StoryWorker(fleet.settings, tmp_path / "stories.log")
    try:
        await killed(fleet.settings, worker, 2000, kills=3, seconds=100)
    finally:
        worker.kill9()


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_kill_9_in_fifty_thousand_events(fleet: Fleet, tmp_path: Path) -> None:
    worker = StoryWorker(fleet.settings, tmp_path / "stories.log")
    try:
        await killed(fleet.settings, worker, 50_000, kills=12, seconds=1800)
    finally:
        worker.kill9()
