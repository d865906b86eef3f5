"""Dead letters on a real Kafka: nothing of the original is lost, and each is sent back once, come what may."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import orjson
import pytest

from app.audit import audit
from app.classification.base import Classifier, Document, ModelInfo, Verdict
from app.delivery import replay as replaying
from app.delivery.dead_letters import Choice, LetterBox
from app.delivery.replay import replay
from app.errors import NoSuchLetter, ReplayFailed
from app.kafka.reader import open_reader
from app.settings import Settings
from schemas.dead_letter import ATTEMPTS, REPLAYED_FROM, DeadLetterHeaders, Reason, Stage
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import article, break_sending, home, lexicon, running

pytestmark = pytest.mark.integration


class Poisonable:
    """The lexicon, but for articles whose title says poison: at those it fails."""

    def __init__(self, lexicon: Classifier) -> None:
        self._lexicon = lexicon

    @property
    def info(self) -> ModelInfo:
        return self._lexicon.info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        if any("poison" in document.title for document in documents):
            raise RuntimeError("poisoned")
        return self._lexicon.classify(documents)


def put(number: int, **fields: str) -> Put:
    value = article(number, **fields)
    return Put(orjson.dumps(value), key=b"key %d" % number, partition=home(value["url"]))


def invalid(count: int) -> list[Put]:
    return [Put(b"nonsense %d" % n, key=b"key %d" % n, partition=n % 4) for n in range(count)]


async def processed(settings: Settings, classifier: Classifier | None = None) -> None:
    """Let the lanes do all that waits; what they did must stand up to the audit."""
    async with running(settings, classifier):
        report = await audit(settings, wait_seconds=60)
    assert report.findings == []
    assert report.is_clean
    assert report.waiting == 0


async def replayed_from(settings: Settings) -> list[bytes]:
    """Whence the records of raw come that were sent back."""
    records = await read_all(settings, settings.channels.raw)
    return [dict(record.headers)[REPLAYED_FROM] for record in records if REPLAYED_FROM in dict(record.headers)]


async def test_replaying_twice_publishes_once(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, [put(1, title="poison: Canada and Korea sign trade deal"), put(2)])
    await processed(settings, Poisonable(lexicon()))
    assert len(await read_all(settings, settings.channels.events)) == 1
    for expected in (1, 0):
        done = await replay(settings, Choice([Reason.STEP_FAILED]))
        assert done.sent.total() == expected
        await processed(settings)
    events = [orjson.loads(event.value)["url"] for event in await read_all(settings, settings.channels.events)]
    assert sorted(events) == ["https://news.example/1", "https://news.example/2"]
    assert len(await replayed_from(settings)) == 1


async def test_a_record_that_fails_again_does_not_multiply(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, invalid(3))
    await processed(settings)
    for round_ in range(2, 5):
        done = await replay(settings, Choice())
        assert done.sent == {Reason.NOT_JSON: 3}
        await processed(settings)
        letters = await read_all(settings, settings.channels.dead_letters)
        attempts = [DeadLetterHeaders.from_headers(letter.headers).attempts for letter in letters]
        assert sorted(attempts) == sorted(list(range(1, round_ + 1)) * 3)
    done = await replay(settings, Choice(), max_attempts=4)
    assert done.sent.total() == 0
    assert done.left == {"replayed before": 9, "tried 4 times or more": 3}


async def test_the_original_comes_back(settings: Settings) -> None:
    headers = [("traceparent", b"x"), ("mine", b"\xff\x00"), ("mine", b"again")]
    await produce(settings, settings.channels.raw, [Put(b"\xff\x00", b"\xfe", headers, 3), Put(None, None, headers, 2)])
    await processed(settings)
    before = {record.value: record for record in await read_all(settings, settings.channels.raw)}
    letters = {record.value: record for record in await read_all(settings, settings.channels.dead_letters)}
    for value, letter in letters.items():
        assert (letter.key, list(letter.headers)[:3]) == (before[value].key, headers)
    await replay(settings, Choice())
    after = [r for r in await read_all(settings, settings.channels.raw) if r.offset > before[r.value].offset]
    assert len(after) == 2
    for record in after:
        first, letter = before[record.value], letters[record.value]
        assert (record.key, record.partition, record.timestamp) == (first.key, first.partition, first.timestamp)
        whence = f"{letter.topic}-{letter.partition}@{letter.offset}".encode()
        assert list(record.headers) == [*headers, (REPLAYED_FROM, whence), (ATTEMPTS, b"1")]


async def test_a_replay_cut_short_goes_on_where_it_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await produce(settings, settings.channels.raw, invalid(20))
    await processed(settings)
    monkeypatch.setattr(replaying, "_BATCH_RECORDS", 3)
    break_sending(monkeypatch, after=3)
    with pytest.raises(ReplayFailed, match="run the same replay again"):
        await replay(settings, Choice())
    done = await replay(settings, Choice())
    assert done.sent.total() == 14
    assert done.left == {"replayed before": 6}
    whence = await replayed_from(settings)
    assert len(whence) == len(set(whence)) == 20


async def test_two_replays_at_once_send_each_letter_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await produce(settings, settings.channels.raw, invalid(30))
    await processed(settings)
    monkeypatch.setattr(replaying, "_BATCH_RECORDS", 1)
    ends = await asyncio.gather(*(replay(settings, Choice()) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(end, replaying.Replay | ReplayFailed) for end in ends)
    await replay(settings, Choice())
    whence = await replayed_from(settings)
    assert len(whence) == len(set(whence)) == 30


async def test_the_choice_is_heeded(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, [*invalid(6), Put(b"", partition=1), Put(b"[]", partition=2)])
    await processed(settings)
    letters = await read_all(settings, settings.channels.dead_letters)
    newest = max(letter.timestamp for letter in letters)

    async def would(choice: Choice, limit: int | None = None) -> dict[Reason, int]:
        return dict((await replay(settings, choice, limit=limit, dry_run=True)).sent)

    assert await would(Choice()) == {Reason.NOT_JSON: 6, Reason.EMPTY_VALUE: 1, Reason.NOT_AN_OBJECT: 1}
    assert await would(Choice([Reason.NOT_JSON, Reason.NOT_AN_OBJECT])) == {Reason.NOT_JSON: 6, Reason.NOT_AN_OBJECT: 1}
    assert await would(Choice(stage=Stage.CLASSIFY)) == {}
    assert await would(Choice(since_ms=newest + 1)) == {}
    assert sum((await would(Choice(since_ms=newest))).values()) >= 1
    assert sum((await would(Choice(until_ms=newest + 1))).values()) == 8
    assert sum((await would(Choice(), limit=3)).values()) == 3
    assert await replayed_from(settings) == []


async def test_the_newest_letters_and_a_single_one(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, invalid(12))
    await processed(settings)
    letters = await read_all(settings, settings.channels.dead_letters)
    async with open_reader(settings) as reader:
        box = await LetterBox.open(reader, settings)
        newest = await box.newest(Choice(), 5)
        wanted = sorted(letters, key=lambda letter: (letter.timestamp, letter.partition, letter.offset))[-5:]
        assert [letter.position for letter in newest] == [(letter.partition, letter.offset) for letter in wanted]
        one = await box.one(*newest[0].position)
        assert one.record.value == wanted[0].value
        with pytest.raises(NoSuchLetter):
            await box.one(newest[0].record.partition, 10_000)


def geonews(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
    environment |= {"GEONEWS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "", "GEONEWS_NAMESPACE": settings.namespace}
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)


async def test_the_commands(settings: Settings) -> None:
    hostile = b"\x1b[2J{\xff \xe2\x80\xae evil"
    await produce(settings, settings.channels.raw, [Put(hostile, key=b"k", partition=2), *invalid(2)])
    await processed(settings)

    async def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return await asyncio.to_thread(geonews, settings, *arguments)

    listed = [json.loads(line) for line in (await run("dead-letters", "list", "--json")).stdout.splitlines()]
    assert sorted(letter["error"]["reason"] for letter in listed) == ["not-json", "not-json", "not-utf8"]
    found = next(letter for letter in listed if letter["error"]["reason"] == "not-utf8")
    place = (str(found["partition"]), str(found["offset"]))
    assert (await run("dead-letters", "show", *place, "--raw")).stdout == hostile
    shown = (await run("dead-letters", "show", *place)).stdout.decode()
    assert "geonews.error.reason: not-utf8" in shown
    assert r"\x1b[2J{\xff \u202e evil" in shown
    assert "\x1b" not in shown
    missing = await run("dead-letters", "show", "0", "999")
    assert (missing.returncode, b"no dead letter at partition 0, offset 999" in missing.stderr) == (2, True)
    stats = [json.loads(line) for line in (await run("dead-letters", "stats", "--json")).stdout.splitlines()]
    assert [(row["stage"], row["reason"], row["letters"], row["open"]) for row in stats] == [
        ("validate", "not-json", 2, 2),
        ("validate", "not-utf8", 1, 1),
    ]
    assert (await run("replay", "--reason", "not-json", "--dry-run")).stdout.startswith(b"would send 2 dead letters")
    assert (await run("replay", "--reason", "not-json")).returncode == 2  # nobody to ask
    assert (await run("replay", "--reason", "not-json", "--yes")).stdout == b"sent 2 dead letters: not-json 2\n"
    again = (await run("replay", "--reason", "not-json", "--yes")).stdout
    assert again == b"sent 0 dead letters\nleft alone: 2 replayed before\n"
    waiting = await run("audit")
    assert (waiting.returncode, b"clean" in waiting.stdout, b"2 waiting" in waiting.stdout) == (0, True, True)
    await produce(settings, settings.channels.dead_letters, [Put(b"forged")])
    unclean = await run("audit", "--json")
    assert unclean.returncode == 1
    assert [finding["kind"] for finding in json.loads(unclean.stdout)["findings"]] == ["foreign"]
