"""What the gateway serves beside the stream of events: stories, alerts, sources, feeds, formats, keys."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
import orjson
import pytest

from app.gateway import keyring, page
from app.gateway.server import serving
from app.settings import Settings
from tests.gateway_tools import (
    TOPICS,
    alert,
    event,
    gateway_on,
    health,
    messages,
    silence,
    story,
    take,
    until_events,
    value,
)
from tests.kafka_tools import Put, produce

pytestmark = pytest.mark.integration


async def put(settings: Settings, topic: str, *records: dict[str, Any]) -> None:
    await produce(settings, topic, [Put(orjson.dumps(one), key=str(one["id"]).encode()) for one in records])


async def fill(settings: Settings) -> None:
    channels = settings.channels
    await put(
        settings, channels.stories, story(1), story(2, topics=["ukraine-war"]), story(1, version=2, title="Again")
    )
    await put(settings, channels.alerts, alert(1), silence(2, "bbc-world"))
    await put(
        settings, channels.sources, health("bb", status="silent"), health("aa"), health("cc"), health("aa", tier=2)
    )
    source = event(0)["source"] | {"id": "bbc-world", "name": "BBC News"}
    await put(settings, channels.events, *(event(n, title=f"=Event {n}", source=source) for n in range(1, 41)))


@pytest.fixture
async def filled(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    await fill(settings)
    async with gateway_on(settings) as (_, client):
        await until_events(client, 40)
        yield client


async def get(client: aiohttp.ClientSession, path: str, status: int = 200, **headers: str) -> Any:
    async with client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()}) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def test_stories_alerts_and_sources(filled: aiohttp.ClientSession) -> None:
    stories = await get(filled, "/v1/stories")
    assert [(one["id"], one["title"]) for one in stories["items"]] == [
        (story(2)["id"], "Story number 2"),
        (story(1)["id"], "Again"),
    ]
    assert [one["id"] for one in (await get(filled, "/v1/stories?topic=davos"))["items"]] == [story(1)["id"]]
    whole = await get(filled, f"/v1/stories/{story(1)['id']}")
    assert whole["version"] == 2
    assert [one["id"] for one in whole["events"]] == [event(1)["id"], event(2)["id"]]
    await get(filled, f"/v1/stories/{'0' * 32}", 404)
    alerts = await get(filled, "/v1/alerts")
    assert [one["kind"] for one in alerts["items"]] == ["source-silent", "burst"]
    assert len((await get(filled, "/v1/alerts?kind=burst&state=open"))["items"]) == 1
    first = await get(filled, "/v1/sources?limit=2")
    assert [(one["id"], one["tier"]) for one in first["items"]] == [("aa", 2), ("bb", 1)]
    second = await get(filled, f"/v1/sources?limit=2&cursor={first['next_cursor']}")
    assert ([one["id"] for one in second["items"]], second["next_cursor"]) == (["cc"], None)
    assert [one["id"] for one in (await get(filled, "/v1/sources?status=silent&country=ch"))["items"]] == ["bb"]


async def test_balance_and_counts(filled: aiohttp.ClientSession) -> None:
    balance = (await get(filled, "/v1/sources"))["balance"]
    assert balance["sources"] == sum(part["sources"] for part in balance["countries"])
    # All events of the window come from one source of the catalogue.
    assert {part["value"]: part["events"] for part in balance["countries"] if part["events"]} == {"GB": 40}
    state = balance["state_affiliated"]
    assert state["share"] == round(state["sources"] / balance["sources"], 4) > 0
    assert state["event_share"] == 0.0
    stats = await get(filled, "/v1/stats?minutes=5")
    assert (stats["events"], stats["stories"], stats["alerts"]) == (40, 2, 2)
    assert stats["sources"] == [{"value": "bbc-world", "name": "BBC News", "events": 40}]
    assert len(stats["minutes"]) == 5
    assert sum(minute["events"] for minute in stats["minutes"]) == 40
    assert (await get(filled, "/v1/stats?topic=ukraine-war"))["events"] == 0


async def test_lists_as_csv_and_lines_and_feeds(filled: aiohttp.ClientSession) -> None:
    async with filled.get("/v1/events?limit=3", headers={"Accept": "text/csv"}) as response:
        assert response.content_type == "text/csv"
        text = await response.text()
        assert text.count("'=Event") == 3
        following = str(response.links["next"]["url"])
    async with filled.get(following, headers={"Accept": "application/x-ndjson"}) as response:
        lines = [orjson.loads(line) for line in (await response.read()).splitlines()]
    every = [one["id"] for one in (await get(filled, "/v1/events?limit=500"))["items"]]
    assert [line["id"] for line in lines] == every[3:6]
    await get(filled, "/v1/events", 406, Accept="text/html")
    async with filled.get("/v1/topics/davos/feed.atom?limit=5&country=ch") as response:
        assert response.content_type == "application/atom+xml"
        parsed = feedparser.parse(await response.read())
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == [f"urn:geonews:event:{name}" for name in every[:5]]
    assert parsed.feed.links[0].href.endswith("/v1/topics/davos/feed.atom?limit=5&country=ch")
    await get(filled, "/v1/topics/sport/feed.atom", 404)


async def test_what_has_not_changed_is_not_sent_again(filled: aiohttp.ClientSession) -> None:
    async with filled.get("/v1/events", headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as response:
        etag = response.headers["ETag"]
        body = zlib.decompress(await response.read(), zlib.MAX_WBITS | 16)
        assert len(orjson.loads(body)["items"]) == 40
        assert set(response.headers["Vary"].split(", ")) == {"Accept", "Accept-Encoding"}
    async with filled.get("/v1/events", headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")
        assert response.headers["ETag"] == etag
    async with filled.get("/v1/events?limit=5", headers={"If-None-Match": etag}) as response:
        assert response.status == 200


async def test_the_stream_has_stories_alerts_and_withdrawals(settings: Settings) -> None:
    channels = settings.channels
    await fill(settings)
    withdrawal = {
        "withdraws": event(3)["id"],
        "url": "https://example.org/3",
        "canonical_url": "https://example.org/3",
        "title": "Event 3",
        "topics": ["davos"],
        "reason": "reclassified",
        "classification": event(3)["classification"],
        "at": "2026-01-20T12:00:00Z",
    }
    async with gateway_on(settings) as (_, client):
        await until_events(client, 40)
        everything = "/v1/stream?types=events,stories,alerts"
        async with client.get(everything) as all_, client.get("/v1/stream?topic=ukraine-war&types=stories") as war:
            assert (await anext(messages(all_))).data == {"types": ["events", "stories", "alerts"]}
            assert (await anext(messages(war))).event == "hello"
            await produce(settings, channels.events, [Put(orjson.dumps(withdrawal), key=event(3)["id"].encode())])
            await put(settings, channels.stories, story(7, articles=story(7)["articles"] * 50))
            await put(settings, channels.stories, story(8, topics=["ukraine-war"]))
            await put(settings, channels.alerts, alert(9))
            found = await take(messages(all_), 4)
            assert sorted(one.event for one in found) == ["alert", "story", "story", "withdrawal"]
            by_event = {one.event: one for one in found if one.data.get("id") != story(8)["id"]}
            assert by_event["withdrawal"].data == withdrawal
            assert len(by_event["story"].data["articles"]) == 5  # the newest; /v1/stories/{id} has all
            assert [one.data["id"] for one in await take(messages(war), 1)] == [story(8)["id"]]
        assert len((await get(client, f"/v1/stories/{story(7)['id']}"))["articles"]) == 100
        gone = await get(client, f"/v1/events/{event(3)['id']}", 410)
        assert gone["reason"] == "reclassified"
        assert event(3)["id"] not in {one["id"] for one in (await get(client, "/v1/events?limit=500"))["items"]}
        # A resume in the middle brings the rest, of whatever channel.
        async with client.get(everything, headers={"Last-Event-ID": found[1].id}) as again:
            rest = await take(messages(again), 2)
        assert {one.data.get("id") for one in rest} == {one.data.get("id") for one in found[2:]}


async def test_a_newer_text_names_its_successor(settings: Settings) -> None:
    await put(settings, settings.channels.events, event(1), event(2, supersedes=event(1)["id"], version=2))
    async with gateway_on(settings) as (_, client):
        await until_events(client, 2)
        assert [one["id"] for one in (await get(client, "/v1/events"))["items"]] == [event(2)["id"]]
        async with client.get(f"/v1/events/{event(1)['id']}") as response:
            assert response.status == 200
            assert str(response.links["successor-version"]["url"]).endswith(f"/v1/events/{event(2)['id']}")


async def test_keys_scopes_and_rates(settings: Settings, tmp_path: Path) -> None:
    keys = {scope: keyring.make(scope, [scope]) for scope in keyring.SCOPES}
    keyring.save(tmp_path / "keys.json", [stored for _, stored in keys.values()])
    closed = settings.model_copy(
        update={"keys_file": tmp_path / "keys.json", "anonymous_read": False, "read_rate": 0.3}
    )
    async with gateway_on(closed) as (_, client):
        for path, expected in {"/v1/events": (401, 200, 403), "/v1/clients": (401, 403, 403)}.items():
            for key, status in zip(("", keys["read"][0], keys["ingest"][0]), expected, strict=True):
                async with client.get(path, headers={"X-API-Key": key}) as response:
                    assert (path, response.status) == (path, status)
                    assert (response.status == 401) == ("WWW-Authenticate" in response.headers)
        async with client.get("/v1/stream", headers={"Authorization": f"Bearer {keys['read'][0]}"}) as stream:
            assert (await anext(messages(stream))).event == "hello"
            admin = {"Authorization": f"Bearer {keys['admin'][0]}"}
            async with client.get("/v1/clients", headers=admin) as response:
                [one] = (await response.json())["items"]
                assert (one["address"], one["behind"]) == ("127.0.0.1", 0)
                assert response.headers["RateLimit-Policy"] == '"default";q=3;w=10'
                assert response.headers["RateLimit"].startswith('"default";r=2;')
            for status in (200, 200, 429, 429):
                async with client.get("/v1/topics", headers=admin) as response:
                    assert response.status == status
                    assert ("Retry-After" in response.headers) == (status == 429)
        for path in ("/", "/livez", "/v1/openapi.json"):  # open to all
            async with client.get(path) as response:
                assert response.status == 200


async def test_other_origins_may_read_when_they_are_named(settings: Settings) -> None:
    named = settings.model_copy(update={"cors_origins": ["https://a.example"]})
    async with gateway_on(named) as (_, client):
        preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        for origin, allowed in (("https://a.example", "https://a.example"), ("https://b.example", None)):
            async with client.get("/v1/topics", headers={"Origin": origin}) as response:
                assert response.headers.get("Access-Control-Allow-Origin") == allowed
                assert "Origin" in ", ".join(response.headers.getall("Vary"))
                assert "Access-Control-Allow-Credentials" not in response.headers
            async with client.options("/v1/events", headers={"Origin": origin} | preflight) as response:
                assert response.headers.get("Access-Control-Allow-Origin") == allowed
                assert (response.status == 204) == (allowed is not None)
        async with client.get("/v1/stream", headers={"Origin": "https://a.example"}) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"


async def test_files_of_the_page(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>geonews</title>")
    (static / "assets" / "app-1a2b3c.js").write_text("export {};" * 500)
    (tmp_path / "secret.txt").write_text("secret")
    (static / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(page, "STATIC", static)
    async with gateway_on(settings) as (_, client):
        async with client.get("/?topic=davos") as response:
            assert (response.status, response.content_type) == (200, "text/html")
            assert response.headers["Cache-Control"] == "no-cache"
        async with client.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "br"}) as response:
            assert response.content_type == "text/javascript"
            assert "immutable" in response.headers["Cache-Control"]
            assert response.headers["Content-Encoding"] == "br"
            assert await response.text() == "export {};" * 500
        for path in ("/link.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets", "/a%00b", "/v1/assets/x"):
            async with client.get(path) as response:
                assert (path, response.status, response.content_type) == (path, 404, "application/problem+json")
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_a_stream_that_comes_too_early_is_kept_until_the_window_is_there(settings: Settings) -> None:
    """A browser gives up for good on any other answer."""
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9", "gateway_heartbeat_seconds": 0.2})
    async with (
        serving(nowhere, TOPICS) as gateway,
        aiohttp.ClientSession(gateway.address) as client,
        client.get("/v1/stream") as response,
    ):
        assert response.status == 200
        assert await response.content.readline() == b": the recent window is being read\n"
        gateway.store.reset("00000000", {(0, 0): 5})
        gateway.store.set_loaded()
        async with asyncio.timeout(10):
            hello = await anext(messages(response))
        assert (hello.event, hello.id) == ("hello", "00000000:5//")


async def test_a_full_gateway_says_so(settings: Settings) -> None:
    async with gateway_on(settings.model_copy(update={"gateway_clients": 1})) as (_, client):
        async with client.get("/v1/stream") as first:
            await anext(messages(first))
            async with client.get("/v1/stream") as second:
                assert (second.status, second.headers["Retry-After"]) == (503, "5")
        await produce(settings, settings.channels.events, [value(1)])
        await until_events(client, 1)
        async with client.get("/v1/stream") as third:  # the first has gone
            assert third.status == 200
