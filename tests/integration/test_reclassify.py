"""Reclassification on a real Kafka: what changes is published once, and lanes, audit and stories agree with it."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import orjson
import pytest

from app.audit import audit
from app.errors import ReclassifyFailed
from app.reclassify import run as running_it
from app.reclassify.change import Kind
from app.reclassify.run import reclassify
from app.settings import Settings
from app.steps.resubmit import CORRECTED
from app.steps.story_input import unpack
from schemas.event import EnrichedEvent
from schemas.withdrawal import WITHDRAWAL_TYPE, Withdrawal
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import break_sending, home, running
from tests.word_classifier import SPEC, WORDS, Words

pytestmark = pytest.mark.integration

OLD, NEW = "red=trade-deals,blue=davos,grey=davos", "red=trade-deals,blue=davos,green=ukraine-war,red too=davos"
# What each title's colours make of it: in the old taxonomy, and in the new one.
TITLES = {
    "red": "unchanged",
    "red too": "topics changed",
    "grey": "withdrawn",
    "green": "added",
    "black": "irrelevant",
}


def put(title: str, number: int = 0, **fields: Any) -> Put:
    url = fields.pop("url", f"https://news.example/{title.replace(' ', '-')}-{number}")
    text = (
        f"Ministers spoke for a long time about the colour of article number {number}, and about nothing else at all."
    )
    value = {"url": url, "title": f"{title} {number}", "text": text} | fields
    return Put(orjson.dumps(value), partition=home(url))


async def processed(settings: Settings, words: str) -> None:
    async with running(settings, Words(words)):
        report = await audit(settings, wait_seconds=60)
    assert report.findings == []
    assert [balance for balance in report.balances if not balance.holds] == []
    assert report.is_clean


async def contents(settings: Settings, topic: str) -> list[tuple[str, int | str]]:
    """What a channel says, in order of partition and offset: (title, version), or (title, "withdrawn")."""
    found: list[tuple[str, int | str]] = []
    for record in await read_all(settings, topic):
        headers = dict(record.headers)
        if headers["ce_type"] == WITHDRAWAL_TYPE.encode():
            gone = Withdrawal.model_validate_json(record.value)
            assert record.key == gone.withdraws.encode()
            found.append((gone.title, "withdrawn"))
        else:
            event = EnrichedEvent.model_validate_json(record.value)
            assert record.key == event.id.encode()
            found.append((event.title, event.version))
    return found


async def test_what_changes_is_published_once(settings: Settings) -> None:
    channels = settings.channels
    await produce(settings, channels.raw, [put(title) for title in TITLES])
    await processed(settings, OLD)
    before = await contents(settings, channels.events)
    assert sorted(before) == [("grey 0", 1), ("red 0", 1), ("red too 0", 1)]

    planned = await reclassify(settings, Words(NEW), 0, dry_run=True)
    assert planned.kinds == {Kind.UNCHANGED: 2, Kind.CHANGED: 1, Kind.WITHDRAWN: 1, Kind.ADDED: 1}
    assert (planned.gained, planned.lost) == (Counter({"davos": 1, "ukraine-war": 1}), Counter({"davos": 1}))
    assert await contents(settings, channels.events) == before

    done = await reclassify(settings, Words(NEW), 0)
    assert done.kinds == planned.kinds
    assert done.sent_back == 1
    after = Counter(await contents(settings, channels.events))
    assert after - Counter(before) == Counter([("red too 0", 2), ("grey 0", "withdrawn")])
    waiting = await reclassify(settings, Words(NEW), 0)
    assert (waiting.kinds[Kind.UNCHANGED], waiting.waiting, waiting.sent_back) == (4, 1, 0)
    assert Counter(await contents(settings, channels.events)) == after

    await processed(settings, NEW)
    final = Counter(await contents(settings, channels.events))
    assert final - after == Counter([("green 0", 1)])
    davos = await contents(settings, channels.events_of("davos"))
    assert Counter(davos) == Counter([("grey 0", 1), ("grey 0", "withdrawn"), ("red too 0", 2)])
    trade = await contents(settings, channels.events_of("trade-deals"))
    assert Counter(trade) == Counter([("red 0", 1), ("red too 0", 1), ("red too 0", 2)])
    assert await contents(settings, channels.events_of("ukraine-war")) == [("green 0", 1)]
    again = await reclassify(settings, Words(NEW), 0)
    assert again.kinds == {Kind.UNCHANGED: 5}
    assert again.waiting == 0
    assert Counter(await contents(settings, channels.events)) == final


async def test_back_and_forth(settings: Settings) -> None:
    channels = settings.channels
    await produce(settings, channels.raw, [put("grey"), put("red too")])
    await processed(settings, OLD)
    for words in (NEW, OLD, NEW):
        await reclassify(settings, Words(words), 0)
        await processed(settings, words)
    found = await contents(settings, channels.events)
    assert [version for title, version in found if title == "grey 0"] == [1, "withdrawn", 2, "withdrawn"]
    assert [version for title, version in found if title == "red too 0"] == [1, 2, 3, 4]
    davos = await contents(settings, channels.events_of("davos"))
    assert [version for title, version in davos if title == "red too 0"] == [2, "withdrawn", 4]
    supersedes = [orjson.loads(r.value).get("supersedes") for r in await read_all(settings, channels.events)]
    assert len(set(supersedes) - {None}) == 2  # each its own id


async def test_stories_hear_of_it(settings: Settings) -> None:
    channels = settings.channels
    await produce(settings, channels.raw, [put("grey"), put("red too")])
    await processed(settings, OLD)
    await reclassify(settings, Words(NEW), 0)
    items = [item for record in await read_all(settings, channels.story_input) for item in unpack(record.value)]
    assert len(items) == 4
    events = {orjson.loads(r.value).get("title"): r.key.decode() for r in await read_all(settings, channels.events)}
    assert [item["withdraws"] for item in items if "withdraws" in item] == [events["grey 0"]]
    assert [item["topics"] for item in items if item.get("supersedes")] == [["trade-deals", "davos"]]


async def test_what_was_added_is_remembered_as_everything_else(settings: Settings) -> None:
    """A copy from another address and a repetition come after it: neither is published again."""
    channels, url = settings.channels, "https://news.example/green"
    copy = orjson.loads(put("green").value or b"")
    await produce(settings, channels.raw, [put("green", url=url)])
    await processed(settings, OLD)
    assert await contents(settings, channels.events) == []
    await reclassify(settings, Words(NEW), 0)
    elsewhere = "https://other.example/copied"
    late = [Put(orjson.dumps(copy | {"url": u}), partition=home(u)) for u in (elsewhere, url)]
    await produce(settings, channels.raw, late)
    await processed(settings, NEW)
    assert await contents(settings, channels.events) == [("green 0", 1)]
    changed = orjson.dumps(
        copy | {"url": url, "text": "Quite another text stands here by now, and it is long enough too."}
    )
    await produce(settings, channels.raw, [Put(changed, partition=home(url))])
    await processed(settings, NEW)
    assert sorted(await contents(settings, channels.events)) == [("green 0", 1), ("green 0", 2)]


async def test_old_texts_and_copies_are_left_alone(settings: Settings) -> None:
    channels, url = settings.channels, "https://news.example/page"
    await produce(settings, channels.raw, [put("grey", url=url), put("red", url=url), put("green", 1, url=url)])
    await processed(settings, OLD)  # the copy comes later: of two at once either may be the first
    copy = orjson.loads(put("red").value or b"") | {"url": "https://other.example/red"}
    await produce(settings, channels.raw, [Put(orjson.dumps(copy), partition=home(copy["url"]))])
    await produce(settings, channels.raw, [put("green", 2, url=url), put("red", 3, url=url)])
    await processed(settings, OLD)
    done = await reclassify(settings, Words(NEW), 0)
    # "grey" was superseded; neither text "green" is its page's newest; the copy of "red" has an event elsewhere.
    assert done.kinds[Kind.ADDED] == done.kinds[Kind.WITHDRAWN] == done.kinds[Kind.CHANGED] == 0


async def test_since_and_until(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, [put("grey")])
    await processed(settings, OLD)
    at = (await read_all(settings, settings.channels.raw))[0].timestamp
    for since, until, wanted in ((at, None, 1), (at + 1, None, 0), (0, at, 0), (at, at + 1, 1)):
        assert (await reclassify(settings, Words(NEW), since, until, dry_run=True)).kinds[Kind.WITHDRAWN] == wanted


async def test_cut_short_it_goes_on_where_it_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = settings.channels
    titles = [put(title, number) for number in range(6) for title in ("grey", "red too", "green")]
    await produce(settings, channels.raw, titles)
    await processed(settings, OLD)
    monkeypatch.setattr(running_it, "_COMMIT", 4)
    monkeypatch.setattr(running_it, "_CLASSIFY", 2)
    break_sending(monkeypatch, after=3)
    with pytest.raises(ReclassifyFailed, match="run the same again"):
        await reclassify(settings, Words(NEW), 0)
    corrected = [r for r in await read_all(settings, channels.events) if CORRECTED in dict(r.headers)]
    assert 0 < len(corrected) < 12
    done = await reclassify(settings, Words(NEW), 0)
    assert done.kinds[Kind.WITHDRAWN] + done.kinds[Kind.CHANGED] == 12 - len(corrected)
    await processed(settings, NEW)
    found = Counter(await contents(settings, channels.events))
    wanted = [(f"grey {n}", v) for n in range(6) for v in (1, "withdrawn")]
    wanted += [(f"red too {n}", v) for n in range(6) for v in (1, 2)] + [(f"green {n}", 1) for n in range(6)]
    assert found == Counter(wanted)


async def test_two_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await produce(settings, settings.channels.raw, [put("grey", number) for number in range(20)])
    await processed(settings, OLD)
    monkeypatch.setattr(running_it, "_COMMIT", 1)
    monkeypatch.setattr(running_it, "_CLASSIFY", 1)
    ends = await asyncio.gather(*(reclassify(settings, Words(NEW), 0) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(end, running_it.Outcome | ReclassifyFailed) for end in ends)
    await reclassify(settings, Words(NEW), 0)
    found = Counter(await contents(settings, settings.channels.events))
    assert found == Counter((f"grey {number}", v) for number in range(20) for v in (1, "withdrawn"))


async def test_the_command(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, [put("grey"), put("red too"), put("green")])
    await processed(settings, OLD)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
        environment |= {"GEONEWS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "", WORDS: NEW}
        environment |= {"GEONEWS_NAMESPACE": settings.namespace, "GEONEWS_CLASSIFIER": SPEC, "PYTHONPATH": "."}
        line = [sys.executable, "-c", "from app.cli import main; main()", "reclassify", "--since", "1h", *arguments]
        return subprocess.run(line, capture_output=True, text=True, env=environment, check=False, timeout=90)

    planned = await asyncio.to_thread(command, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "3 articles judged anew; what changes would be published" in " ".join(planned.stdout.split())
    assert "grey 0  davos → nothing" in planned.stdout
    assert (await asyncio.to_thread(command)).returncode == 2  # nobody to ask
    done = await asyncio.to_thread(command, "--yes")
    assert "1 of those added go through the workers" in done.stdout
    assert len(await read_all(settings, settings.channels.events)) == 4
