"""The main job on a real Kafka, by workers that are real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.kafka.admin import ensure_topics
from app.kafka.local import LocalKafka
from tests.conftest import TOPICS, make_settings
from tests.faults.fleet import Fleet
from tests.kafka_tools import Put, produce, read_all

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[2] / "samples" / "articles.jsonl"
SHIPPED = {"GEONEWS_CLASSIFIER": "lexicon", "GEONEWS_TAXONOMY": str(SAMPLES.parents[1] / "config" / "taxonomy.yaml")}


@pytest.fixture
async def fleet(local_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Fleet]:
    settings = make_settings(local_kafka.bootstrap, tmp_path).model_copy(update={"batch_records": 20})
    assert await ensure_topics(settings, TOPICS) == []
    fleet = Fleet(settings, local_kafka, tmp_path, build_classifier("lexicon", load_taxonomy(None)))
    await fleet.feeder.start()
    try:
        yield fleet
    finally:
        fleet.stop()
        await fleet.feeder.stop()


async def test_a_thousand_mixed_articles_and_a_worker_killed_half_way(fleet: Fleet) -> None:
    await fleet.feed(1000)
    worker = fleet.worker("a", SHIPPED)
    half_way = await fleet.until_published(50)
    worker.kill9()
    worker.start()
    verdict = await fleet.verdict()
    assert verdict.is_clean, verdict
    expected = fleet.expected()
    assert len(expected.invalid) == pytest.approx(50, abs=25), "5% of the articles were to be invalid"
    assert half_way < verdict.events == len(expected.groups)


async def test_both_mission_stories_come_out_right(fleet: Fleet) -> None:
    settings = fleet.settings
    with SAMPLES.open("rb") as lines:
        stories = [next(lines).strip() for _ in range(2)]
    await produce(settings, settings.channels.raw, [Put(story) for story in stories])
    fleet.worker("a", SHIPPED)
    await fleet.until_published(1, 60)
    await fleet.drained()
    by_url = {}
    for record in await read_all(settings, settings.channels.events):
        event = orjson.loads(record.value)
        by_url[event["url"]] = event
    canada, zelenskyy = (by_url[orjson.loads(story)["url"]] for story in stories)
    assert [topic["topic"] for topic in canada["topics"]] == ["trade-deals"]
    assert {country["code"] for country in canada["countries"]} >= {"CA", "KR", "US"}
    assert {"autos", "batteries", "critical-minerals", "ai"} <= set(canada["sectors"])
    assert {topic["topic"] for topic in zelenskyy["topics"]} == {"ukraine-war", "davos"}
    for topic, wanted in (
        ("trade-deals", {canada["id"]}),
        ("ukraine-war", {zelenskyy["id"]}),
        ("davos", {zelenskyy["id"]}),
    ):
        there = await read_all(settings, settings.channels.events_of(topic))
        assert {orjson.loads(record.value)["id"] for record in there} == wanted
