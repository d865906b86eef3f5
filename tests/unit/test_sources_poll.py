"""One poll after the other, short of Kafka: what is asked, what is remembered, when it is asked again."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import orjson
import pytest
from aiohttp import web

from app.settings import Settings
from app.sources.catalogue import CatalogueSource
from app.sources.fields import Entry
from app.sources.hosts import Hosts
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.poll import Pace, Polled, poll
from app.sources.rhythm import DAY, HOUR, Record, next_interval, retry_in
from app.sources.shard_store import shard_of
from app.sources.silence import alert_of
from app.sources.state import MOST_SEEN, SourceState, state_for
from tests.contract.test_catalogue import ENTRY
from tests.feed_server import FeedServer
from tests.real_feeds import Story, feed

PACE = Pace(60.0, 3600.0)


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


class Polls:
    """Polls of one source, a minute apart."""

    def __init__(self, server: FeedServer, http: HttpClient, parser: FeedParser) -> None:
        self.source = CatalogueSource(
            id="paper",
            name="Paper",
            url=server.url("/feed"),
            domain="paper.example",
            country="DE",
            language="de",
            tier=1,
            family="paper",
            kind="newspaper",
        )
        self.state = SourceState(self.source.url, self.source.url)
        self.now = time.time()
        self._http, self._parser = http, parser

    async def __call__(self) -> Polled:
        self.now += 60
        return await poll(self.source, self.state, self._http, self._parser, PACE, self.now)


@pytest.fixture
async def polls(server: FeedServer) -> AsyncIterator[Polls]:
    async with HttpClient(Settings(_env_file=None, fetch_private=True)) as http, FeedParser() as parser:
        yield Polls(server, http, parser)


def page(*numbers: int) -> bytes:
    return feed(0, [Story(3, number) for number in numbers])[0]


async def test_the_same_bytes_are_not_read_again_and_new_ones_give_only_what_is_new(
    server: FeedServer, polls: Polls
) -> None:
    server.pages["/feed"] = page(2, 1)
    assert [url for url, _ in (await polls()).articles] == [Story(3, n).url for n in (1, 2)]
    polls.state.entries = 99  # a reading would correct it
    assert (await polls()).articles == []
    assert polls.state.entries == 99
    server.pages["/feed"] = page(4, 3, 2)
    assert [url for url, _ in (await polls()).articles] == [Story(3, n).url for n in (3, 4)]
    assert polls.state.entries == 3


async def test_a_failure_is_kept_grows_and_ends(server: FeedServer, polls: Polls) -> None:
    first, second, third = await polls(), await polls(), await polls()
    assert (first.urgent, second.urgent) == (True, False)
    assert (polls.state.failures, polls.state.problem) == (3, "client_error")
    assert "404" in str(polls.state.detail)
    assert third.articles == []
    assert polls.state.next_at > polls.now
    server.pages["/feed"] = page(1)
    assert (await polls()).urgent
    assert (polls.state.failures, polls.state.problem, polls.state.detail) == (0, None, None)


async def test_retry_after_is_heeded(server: FeedServer, polls: Polls) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"retry-after": "7200"})

    server.pages["/feed"] = busy
    assert (await polls()).retry_after == 7200
    assert polls.state.next_at >= polls.now + 7200


async def test_gone_is_gone_until_the_catalogue_says_otherwise(server: FeedServer, polls: Polls) -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410)

    server.pages["/feed"] = gone
    await polls()
    assert polls.state.gone
    polls.state.seen = {b"12345678": None}
    assert state_for(polls.source.url, polls.state.to_json()).gone
    corrected = state_for("https://new.example/feed", polls.state.to_json())
    assert (corrected.gone, corrected.address, corrected.seen) == (
        False,
        "https://new.example/feed",
        {b"12345678": None},
    )


async def test_a_permanent_move_is_followed(server: FeedServer, polls: Polls) -> None:
    async def moved(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"location": "/new"})

    server.pages |= {"/feed": moved, "/new": page(1)}
    await polls()
    await polls()
    assert [request.path for request in server.requests] == ["/feed", "/new", "/new"]


async def test_an_article_beyond_the_limit_comes_without_its_text(server: FeedServer, polls: Polls) -> None:
    long = b"<content:encoded>" + b"x" * (1024 * 1024) + b"</content:encoded></item>"
    server.pages["/feed"] = feed(28, [Story(3, 1)])[0].replace(b"</item>", long)
    [(_, value)] = (await polls()).articles
    assert len(value) < 10_000
    assert orjson.loads(value)["title"]


def test_a_state_survives_its_record() -> None:
    state = SourceState("https://p.example/", "https://p.example/new", '"1"', interval=77.0, failures=2)
    state.fresh([Entry(bytes([number]) * 16, {}) for number in range(5)])
    state.record.note(3, 1e9)
    state.record.note(2, 1e9 + 60)
    assert state_for("https://p.example/", state.to_json()) == state
    for value in (None, b"", b"[]", b"{}", b'{"seen": 5}', b"\xff"):
        assert state_for("https://p.example/", value) == SourceState("https://p.example/", "https://p.example/")


def test_memory_of_entries_is_bounded_but_holds_all_that_are_there() -> None:
    state = SourceState("u", "u")
    entries = [Entry(number.to_bytes(16, "little"), {}) for number in range(3 * MOST_SEEN)]
    assert len(state.fresh(entries)) == len(entries)
    assert state.fresh(entries) == []
    assert len(state.fresh([Entry(b"x" * 16, {})])) == 1
    assert len(state.seen) == MOST_SEEN
    assert state.fresh(entries[:500]) == []  # the first of a feed are its newest: they are forgotten last


@pytest.mark.parametrize("gap", [120.0, 900.0, 3000.0])
def test_the_interval_finds_the_rhythm_of_a_source(gap: float) -> None:
    """A source with an entry every `gap` seconds is asked about three times for each."""
    now = published = interval = 0.0
    polls = 0
    while now < 200 * gap:
        news = now >= published
        published = now - now % gap + gap if news else published
        interval = next_interval(interval, news=news, least=30.0, most=24 * HOUR)
        now += interval
        polls += now > 100 * gap
    assert 200 < polls < 450


def test_intervals_and_retries_have_bounds() -> None:
    interval = 0.0
    for _ in range(50):
        interval = next_interval(interval, news=False, least=60, most=3600)
    assert interval == 3600
    for _ in range(50):
        interval = next_interval(interval, news=True, least=60, most=3600)
    assert interval == 60
    waits = [retry_in(failures, 60, None) for failures in range(40)]
    assert all(earlier * 0.5 < later for earlier, later in pairwise(waits))
    assert 3 * HOUR <= waits[-1] <= 6 * HOUR
    assert retry_in(0, 60, 5000) == 5000


def record(per_day: list[int]) -> tuple[Record, float]:
    """A record of so many articles on each day, evenly, and the end of the last day."""
    began = 20_000 * DAY - 1
    made = Record()
    made.note(30, began)
    for day, count in enumerate(per_day):
        for number in range(count):
            made.note(1, began + 1 + day * DAY + (number + 0.5) * DAY / count)
    return made, began + 1 + len(per_day) * DAY


def test_what_is_usual_and_when_silence_is_not() -> None:
    busy, now = record([40, 44, 36, 40])
    assert busy.usual_per_day(now) == 40
    assert busy.last_day(now) == 40
    assert not busy.is_silent(now)
    assert not busy.is_silent(now + 0.9 * DAY)
    assert busy.is_silent(now + 1.1 * DAY)
    assert busy.usual_per_day(now + 5 * DAY) == 40, "silence must not become the usual"
    weekly, now = record([5, 5, 5, 5, 5, 0, 0, 5, 5, 5])
    assert not weekly.is_silent(now + 2.5 * DAY), "a weekend is no silence"
    assert weekly.is_silent(now + 4 * DAY)
    new, now = record([40])
    assert (new.usual_per_day(now), new.is_silent(now + 30 * DAY)) == (None, False)
    never, now = record([0, 0, 0, 0])
    assert not never.is_silent(now + 30 * DAY)


async def test_hosts_get_few_requests_at_once_and_none_while_held() -> None:
    hosts = Hosts(2, 3)
    running, most, total = {"a": 0, "b": 0}, {"a": 0, "b": 0}, 0

    async def fetch(host: str) -> None:
        nonlocal total
        async with hosts.turn(f"https://{host}/x"):
            running[host] += 1
            most[host] = max(most[host], running[host])
            total = max(total, sum(running.values()))
            await asyncio.sleep(0.01)
            running[host] -= 1

    await asyncio.gather(*(fetch(host) for host in "ab" * 10))
    assert (most, total) == ({"a": 2, "b": 2}, 3)
    hosts.hold("https://a/", 0.2)
    began = time.monotonic()
    await fetch("b")
    await fetch("a")
    assert time.monotonic() - began >= 0.2


def test_feeds_of_one_host_are_of_one_shard_and_hosts_spread() -> None:
    assert len({shard_of(f"https://news.example/{number}", 8) for number in range(50)}) == 1
    assert len({shard_of(f"https://news{number}.example/", 8) for number in range(100)}) == 8


def test_one_alert_for_each_silence_and_none_for_a_failure() -> None:
    source = CatalogueSource.model_validate(ENTRY)
    state = SourceState(source.url, source.url, succeeded_at=1.0)
    state.record, now = record([40, 44, 36, 40])
    assert alert_of(source, state, now) is None
    state.failures = 1
    assert alert_of(source, state, now + 2 * DAY) is None
    state.failures = 0
    alert = alert_of(source, state, now + 2 * DAY)
    assert alert is not None
    assert (alert.source, alert.baseline_per_day) == ("a-paper", 40)
    assert "A Paper has published nothing for 48 hours" in alert.title
    again = state_for(source.url, state.to_json())
    assert alert_of(source, again, now + 3 * DAY) is None
    again.record.note(1, now + 3 * DAY)
    other = alert_of(source, again, now + 9 * DAY)
    assert other is not None
    assert other.id != alert.id
