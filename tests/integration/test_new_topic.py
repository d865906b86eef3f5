"""A fourth topic without code, on a real Kafka: added while a worker runs, served after its restart."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import orjson
import pytest

from app.classification.evaluation import Counts
from app.classification.taxonomy import load_taxonomy
from app.kafka.admin import ensure_topics, topic_states
from app.kafka.local import LocalKafka
from app.settings import Settings
from tests.conftest import TOPICS, make_settings
from tests.faults.verdict import drained
from tests.faults.worker import WorkerProcess
from tests.kafka_tools import Put, produce, read_all

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "samples" / "topics" / "red-sea.jsonl"

# Nothing was learned from these: (language, whether it belongs, title, text).
HELD_OUT: list[tuple[str, bool, str, str]] = [
    ("en", True, "Oil tanker ablaze near Yemen after drone boat strike",
     "The vessel was hit twice on its way through the southern Red Sea, a security firm said. The Houthis took credit. "
     "Its crew is aboard a French frigate."),
    ("en", True, "Bulk carrier limps into Djibouti with a hole in its side",
     "The ship was struck by a missile off Mocha on Sunday, its managers said. Houthi fighters had ordered it by radio "
     "to turn back. Nobody aboard was hurt."),
    ("en", True, "Hapag-Lloyd keeps ships away from Suez until summer",
     "The German container line will go on sailing round the Cape of Good Hope. Houthi attacks make a passage of the "
     "Red Sea too dangerous for crews and vessels, its chief executive said."),
    ("en", True, "Cruiser downs eleven drones in one night",
     "They were launched by the Houthis at merchant vessels in the Red Sea, the US Navy said. Two missiles fell into "
     "the water close to a ship with grain."),
    ("en", True, "Philippines bars its sailors from ships that pass Yemen",
     "Manila acted after two Filipino seafarers were killed by a Houthi missile in the Gulf of Aden. A third of all "
     "crews on merchant vessels are Filipinos."),
    ("de", True, "Huthi beschießen Chemietanker vor dem Jemen",
     "Die Besatzung meldete zwei Einschläge am Heck. Eine Fregatte eilte dem Schiff im Roten Meer zu Hilfe, der Reeder "
     "sprach von einem gezielten Angriff."),
    ("fr", True, "Les houthis revendiquent l'attaque d'un pétrolier en mer Rouge",
     "Le navire a pris feu après l'explosion d'une embarcation sans équipage. Une frégate de l'opération Aspides a "
     "recueilli les marins."),
    ("es", True, "Otro buque atacado por los hutíes en el mar Rojo",
     "El carguero recibió el impacto de un misil y navega hacia Yibuti. La misión europea envió una fragata."),
    ("ru", True, "Хуситы обстреляли контейнеровоз у берегов Йемена",
     "Судно получило повреждения в Красном море и идёт в порт Джибути. Экипаж не пострадал, рейсы приостановлены."),
    ("ar", True, "الحوثيون يعلنون استهداف سفينة حاويات في البحر الأحمر",
     "قال المتحدث العسكري إن السفن المتجهة إلى إسرائيل ستبقى هدفا. ووقع هجوم بمسيرة على السفينة قرب باب المندب."),
    ("en", False, "Snorkelling with turtles: five quiet bays on the Red Sea",
     "South of Quseir hotels are small and the reefs begin at the beach. We tell you where to hire a mask, and how to "
     "avoid the boats with day trippers."),
    ("en", False, "Suez Canal Authority orders four tugboats",
     "The tugs will be built in Port Said and help large container ships in the canal from next year."),
    ("en", False, "Houthis free five Saudi prisoners",
     "The men were flown from Sanaa to Riyadh by the Red Cross on Thursday. More exchanges are talked of in Muscat."),
    ("en", False, "Royal Navy museum opens cruiser to visitors",
     "Children may fire a deck gun, without shells, and sleep in hammocks. The ship had served in the Arctic convoys."),
    ("en", False, "Minister opens a school for nurses in Leeds",
     "It will train four hundred nurses a year, most of them for hospitals in the north."),
    ("en", False, "Parliament debates a tax on sugar",
     "The bill would add ten pence to a bottle of lemonade. A vote is expected on Friday."),
    ("de", False, "Badeurlaub am Roten Meer wird teurer",
     "Familien zahlen in Hurghada im Schnitt acht Prozent mehr als im Vorjahr, vor allem wegen der Flüge."),
    ("fr", False, "Expédition en mer Rouge : de nouveaux coraux décrits",
     "Des biologistes de Monaco ont plongé à cent mètres et rapporté des images inédites."),
    ("es", False, "Egipto inaugura un museo del canal de Suez",
     "La muestra de Ismailía recorre siglo y medio de historia con planos y maquetas."),
    ("ru", False, "В Хургаде открылся новый аквапарк",
     "Билет стоит двадцать долларов, детям до шести лет вход бесплатный."),
]  # fmt: skip
FLOOR = 0.8  # F1 of terms alone, on these


@pytest.fixture
def taxonomy(tmp_path: Path) -> Path:
    """A copy of the shipped taxonomy and its weights, as operators make one."""
    for name in ("taxonomy.yaml", "taxonomy.weights.json"):
        copy(ROOT / "config" / name, tmp_path / name)
    return tmp_path / "taxonomy.yaml"


@pytest.fixture
def settings(local_kafka: LocalKafka, tmp_path: Path) -> Settings:
    return make_settings(local_kafka.bootstrap, tmp_path)


@pytest.fixture
def worker(settings: Settings, taxonomy: Path, tmp_path: Path) -> Iterator[WorkerProcess]:
    environment = {"GEONEWS_CLASSIFIER": "lexicon", "GEONEWS_TAXONOMY": str(taxonomy)}
    process = WorkerProcess(settings, f"{settings.namespace}-a", tmp_path, environment)
    yield process
    process.kill9()


def article(number: int, language: str, title: str, text: str) -> Put:
    url = f"https://held-out.example/{number}"
    return Put(orjson.dumps({"url": url, "title": title, "text": text, "language": language}))


def add_topic(settings: Settings, taxonomy: Path) -> subprocess.CompletedProcess[str]:
    """As an operator does, in a process of its own."""
    command = "from app.cli import main; main()"
    arguments = ["topics", "add", "red-sea", "--description", "Attacks on ships in the Red Sea"]
    fields = ("kafka_bootstrap", "namespace", "home", "partitions")
    environment = {f"GEONEWS_{field.upper()}": str(getattr(settings, field)) for field in fields}
    return subprocess.run(
        [sys.executable, "-c", command, *arguments, "--examples", str(EXAMPLES)],
        env=os.environ | environment | {"GEONEWS_TAXONOMY": str(taxonomy)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


async def events(settings: Settings, topic: str) -> dict[str, dict[str, Any]]:
    found = [orjson.loads(record.value) for record in await read_all(settings, topic)]
    return {event["url"]: event for event in found}


async def test_a_topic_is_added_while_a_worker_runs_and_served_after_its_restart(
    settings: Settings, worker: WorkerProcess, taxonomy: Path
) -> None:
    raw, channel = settings.channels.raw, settings.channels.events_of("red-sea")
    assert await ensure_topics(settings, TOPICS) == []
    worker.start()
    await worker.wait_ready()
    deal = {"url": "https://held-out.example/deal", "title": "Canada and South Korea sign free trade agreement"}
    await produce(settings, raw, [orjson.dumps(deal)])
    await drained(settings, 60)

    added = await asyncio.to_thread(add_topic, settings, taxonomy)
    assert added.returncode == 0, added.stdout + added.stderr
    assert f"channel {channel} exists" in added.stdout
    state = (await topic_states(settings, [channel]))[channel]
    assert (state.partitions, state.config["retention.ms"]) == (4, "2592000000")
    assert load_taxonomy(taxonomy).topic_ids == [*TOPICS, "red-sea"]

    await worker.terminate()
    worker.start()
    await worker.wait_ready()
    await produce(
        settings, raw, [article(at, language, title, text) for at, (language, _, title, text) in enumerate(HELD_OUT)]
    )
    await drained(settings, 60)

    given = await events(settings, channel)
    counts = Counts()
    for at, (_, belongs, *_rest) in enumerate(HELD_OUT):
        counts.add(f"https://held-out.example/{at}" in given, belongs)
    assert counts.f1 >= FLOOR, sorted(event["title"] for event in given.values())
    for event in given.values():
        [score] = [each for each in event["topics"] if each["topic"] == "red-sea"]
        assert score["threshold"] <= score["score"] <= 1
        assert score["evidence"], event["title"]
    everything = await events(settings, settings.channels.events)
    assert given.keys() <= everything.keys()
    [before] = [event for url, event in everything.items() if url.endswith("/deal")]
    assert before["classification"]["model_version"] != next(iter(given.values()))["classification"]["model_version"]
