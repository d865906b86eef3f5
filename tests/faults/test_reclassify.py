"""`geonews reclassify` is killed half-way, again and again: every correction is published once."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from app.audit import audit
from app.settings import Settings
from app.steps.resubmit import CORRECTED, RESUBMITTED
from tests.faults.fleet import Fleet
from tests.faults.verdict import committed_records
from tests.faults.worker import ROOT
from tests.kafka_tools import Put, produce
from tests.lane_tools import home, running
from tests.word_classifier import PAUSE, SPEC, WORDS, Words

pytestmark = pytest.mark.faults

OLD, NEW = "red=trade-deals,grey=davos", "red=davos,green=ukraine-war"
ARTICLES = 1500  # a third each changes its topic, is withdrawn, is added


def put(number: int) -> Put:
    title = ("red", "grey", "green")[number % 3]
    url = f"https://news.example/{number}"
    text = (
        f"Ministers spoke for a long time about the colour of article number {number}, and about nothing else at all."
    )
    return Put(orjson.dumps({"url": url, "title": f"{title} {number}", "text": text}), partition=home(url))


def start(settings: Settings, log: Path, pause: float) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
    environment |= {"GEONEWS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "", "GEONEWS_NAMESPACE": settings.namespace}
    environment |= {"GEONEWS_CLASSIFIER": SPEC, WORDS: NEW, PAUSE: str(pause), "PYTHONPATH": str(ROOT)}
    environment |= {"GEONEWS_TRANSACTION_TIMEOUT_MS": str(settings.transaction_timeout_ms)}
    line = [sys.executable, "-c", "from app.cli import main; main()", "reclassify", "--since", "1h", "--yes"]
    with log.open("ab") as out:
        return subprocess.Popen(line, env=environment, stdout=out, stderr=out)


async def corrected(settings: Settings) -> int:
    events = settings.channels.events
    return sum([CORRECTED in dict(record.headers) async for record in committed_records(settings, events)])


async def test_kill_9_half_way(fleet: Fleet, tmp_path: Path) -> None:
    settings, log = fleet.settings, tmp_path / "reclassify.log"
    await produce(settings, settings.channels.raw, [put(number) for number in range(ARTICLES)])
    async with running(settings, Words(OLD)):
        await audit(settings, wait_seconds=60)
    done = 0
    for _ in range(2):
        run = start(settings, log, 0.5)
        try:
            async with asyncio.timeout(60):
                while (now := await corrected(settings)) <= done:
                    assert run.poll() is None, log.read_text()
                    await asyncio.sleep(0.05)
        finally:
            run.kill()
            run.wait()
        done = now
    assert await corrected(settings) < 2 * ARTICLES // 3, "the last kill was to be half-way"
    for _ in range(2):
        run = start(settings, log, 0.0)
        assert await asyncio.to_thread(run.wait, 60) == 0, log.read_text()
    async with running(settings, Words(NEW)):
        report = await audit(settings, wait_seconds=60)
    assert report.is_clean, report.findings

    found: Counter[tuple[int, object]] = Counter()
    async for record in committed_records(settings, settings.channels.events):
        event = orjson.loads(record.value)
        found[int(event["title"].split()[1]), event.get("version", "withdrawn")] += 1
    wanted = {0: (1, 2), 1: (1, "withdrawn"), 2: (1,)}
    assert found == Counter((n, version) for n in range(ARTICLES) for version in wanted[n % 3])
    for topic, colours in (("davos", {0: 1, 1: 2}), ("trade-deals", {0: 2}), ("ukraine-war", {2: 1})):
        channel = committed_records(settings, settings.channels.events_of(topic))
        numbers = Counter([int(orjson.loads(record.value)["title"].split()[1]) % 3 async for record in channel])
        assert numbers == {colour: times * ARTICLES // 3 for colour, times in colours.items()}
    again = [record async for record in committed_records(settings, settings.channels.raw)]
    assert sum(RESUBMITTED in dict(record.headers) for record in again) == ARTICLES // 3
