"""Every panel and every alert against a real Prometheus that scrapes a real worker and a real gateway."""

import asyncio
import json
import math
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import yaml

from app.kafka.local import LocalKafka
from app.kafka.local_state import free_port
from tests.debian_tools import program
from tests.faults.fleet import Fleet, new_fleet
from tests.feed_server import FeedServer
from tests.kafka_tools import Put, produce
from tests.lane_tools import article, home, mix
from tests.real_feeds import Story, feed

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
KEY = "dashboards"
WINDOW = "60s"  # what stands for Grafana's $__rate_interval


class Prometheus:
    """A Prometheus of this test, with docker/prometheus's own rules; scrapes each second."""

    def __init__(self, directory: Path, targets: dict[str, int]) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port(21_000))}"
        config = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text("utf-8"))
        assert [job["job_name"] for job in config["scrape_configs"]] == list(targets)
        config |= {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "alerting": {},
            "rule_files": [str(DOCKER / "prometheus" / "rules.yml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{number}"]}]}
                for job, number in targets.items()
            ],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
        command = [program("prometheus"), f"--config.file={directory / 'prometheus.yml'}"]
        command += [f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"]
        command += ["--enable-feature=exemplar-storage"]
        with (directory / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, what: str, **parameters: str) -> Any:
        """The `data` of an answer of the HTTP API. Raises OSError."""
        with urllib.request.urlopen(
            f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}", timeout=10
        ) as got:
            return json.load(got)["data"]

    def has(self, expression: str) -> bool:
        """Whether an instant query has a sample that is a number."""
        found = self.ask("query", query=expression)["result"]
        return any(not math.isnan(float(sample["value"][1])) for sample in found)

    def is_scraping(self, jobs: int) -> bool:
        """Whether every target answers."""
        with suppress(OSError):
            return len(self.ask("query", query="up == 1")["result"]) == jobs
        return False


async def _until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - other processes are waited for
            await asyncio.sleep(0.5)


def _panels() -> Iterator[tuple[str, str]]:
    """Name and query of every panel of every dashboard, as Grafana would ask."""
    for file in sorted((DOCKER / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", []):
                yield f"{file.stem}: {panel['title']}", target["expr"].replace("$__rate_interval", WINDOW)


def _selectors() -> Iterator[str]:
    """Every series that a rule asks for, with its labels."""
    for group in yaml.safe_load((DOCKER / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield from re.findall(r"geonews_[a-z_]+(?:\{[^}]*\})?", rule["expr"])


@asynccontextmanager
async def _gateway(fleet: Fleet, directory: Path) -> AsyncIterator[int]:
    """`geonews gateway` as a process; gives its port."""
    port = free_port(22_000)
    environment = os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": fleet.kafka.bootstrap,
        "GEONEWS_NAMESPACE": fleet.settings.namespace,
        "GEONEWS_GATEWAY_PORT": str(port),
        "GEONEWS_API_KEYS": json.dumps([KEY]),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "gateway"]
    with (directory / "gateway.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            command, env=environment, cwd=directory, stdout=log, stderr=log
        )
    try:
        yield port
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


@asynccontextmanager
async def _reading(port: int) -> AsyncIterator[None]:
    """A client of the gateway's stream, which reads whatever comes."""

    async def read() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            while True:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{port}/v1/stream") as answer:
                        async for _ in answer.content.iter_any():
                            pass
                await asyncio.sleep(0.2)

    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def fleet(local_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with new_fleet(local_kafka, tmp_path) as fleet:
        yield fleet


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        for number in range(3):
            body, content_type = feed(number, [Story(number, n) for n in range(3)])
            server.pages[f"/{number}"] = body
            server.headers[f"/{number}"] = {"content-type": content_type}
        yield server


def _catalogue(directory: Path, feeds: FeedServer) -> Path:
    kind = {"country": "FR", "language": "en", "tier": 2, "kind": "newspaper"}
    sources = [
        {"id": f"feed-{n}", "name": f"Feed {n}", "url": feeds.url(f"/{n}"), "domain": f"feed-{n}.example"}
        | {"family": f"feed-{n}"}
        | kind
        for n in range(3)
    ]
    (directory / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}), "utf-8")
    return directory / "sources.yaml"


@pytest.mark.timeout(300)
async def test_every_panel_and_every_rule_has_data(fleet: Fleet, feeds: FeedServer, tmp_path: Path) -> None:
    worker = fleet.worker(
        "a",
        {
            "GEONEWS_CLASSIFIER": "lexicon",
            "GEONEWS_TAXONOMY": str(ROOT / "config" / "taxonomy.yaml"),
            "GEONEWS_POLL_SOURCES": "true",
            "GEONEWS_SOURCES": str(_catalogue(tmp_path, feeds)),
            "GEONEWS_FETCH_PRIVATE": "true",
            "GEONEWS_SOURCE_MIN_SECONDS": "1",
            "GEONEWS_SOURCE_MAX_SECONDS": "2",
        },
    )
    async with _gateway(fleet, tmp_path) as port, _reading(port):
        prometheus = Prometheus(tmp_path, {"geonews-worker": worker.port, "geonews-gateway": port})
        try:
            await _until(lambda: prometheus.is_scraping(2))
            await _until_all_have_data(prometheus, fleet, port)
            _rules_are_well(prometheus)
            _slow_buckets_lead_to_traces(prometheus)
            _probes_answer(worker.port)
        finally:
            prometheus.process.terminate()
            await asyncio.to_thread(prometheus.process.wait)


async def _until_all_have_data(prometheus: Prometheus, fleet: Fleet, port: int) -> None:
    """Feed, a little at a time, until no query is empty; names those that stay so."""
    missing = {**dict(_panels()), **{selector: selector for selector in _selectors()}}
    assert len(missing) > 30
    for turn in range(60):
        await produce(fleet.settings, fleet.settings.channels.raw, _articles(turn))
        await asyncio.to_thread(_push, port, turn)
        await asyncio.sleep(1.0)
        for name in [name for name, query in missing.items() if await asyncio.to_thread(prometheus.has, query)]:
            del missing[name]
        if not missing:
            return
    pytest.fail(f"no data for {missing}")


def _articles(turn: int) -> Iterator[Put]:
    """Some of every kind, and enough relevant ones for an index of drift."""
    start = 1000 * turn
    for number in range(start, start + 40):
        url = f"https://news.example/{number}"
        yield Put(orjson.dumps(article(number)), partition=home(url))
        war = {
            "title": f"Ukraine war: Russian drones hit Kharkiv, Kyiv says, day {number}",
            "text": "Shelling went on.",
        }
        yield Put(orjson.dumps(article(number, url=f"{url}/war", **war)), partition=home(f"{url}/war"))
    if turn < 3:
        yield from mix(20)


def _push(port: int, turn: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/articles",
        orjson.dumps(article(turn, url=f"https://pushed.example/{turn}")),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status < 300


def _rules_are_well(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    assert {rule["name"] for rule in rules if rule["state"] == "firing"} == set()


def _slow_buckets_lead_to_traces(prometheus: Prometheus) -> None:
    asked = {"query": "geonews_processing_seconds_bucket", "start": "0", "end": "9999999999"}
    traces = {
        exemplar["labels"]["trace_id"]
        for series in prometheus.ask("query_exemplars", **asked)
        for exemplar in series["exemplars"]
    }
    assert traces
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace) for trace in traces)


def _probes_answer(port: int) -> None:
    def get(path: str, **headers: str) -> tuple[bytes, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read(), answer.headers["Content-Type"]

    assert orjson.loads(get("/startupz")[0]) == {"started": True, "reasons": {}}
    assert orjson.loads(get("/readyz")[0]) == {"ready": True, "reasons": {}}
    plain, plain_type = get("/metrics", Accept="text/plain")
    assert plain_type.startswith("text/plain")
    assert b"trace_id" not in plain
    open_metrics, open_type = get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert open_type.startswith("application/openmetrics-text")
    assert b'# {trace_id="' in open_metrics
