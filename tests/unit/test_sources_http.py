"""The HTTP client against a server that means harm, or just has a bad day."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from app.errors import FetchFailed
from app.settings import Settings
from app.sources.addresses import is_public
from app.sources.http import HttpClient, Validators
from tests.feed_server import FeedServer, Handler

LIMIT = 100_000


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient(settings(), max_bytes=LIMIT) as opened:
        yield opened


def settings(**changes: Any) -> Settings:
    usual = Settings(_env_file=None, fetch_private=True, user_agent="tests/1", fetch_seconds=5.0)
    return usual.model_copy(update=changes)


def answer(**options: Any) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(**options)

    return handler


def redirect(location: str, status: int = 302) -> Handler:
    return answer(status=status, headers={"location": location})


async def refused(client: HttpClient, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        await client.fetch(url)
    assert url in str(caught.value)
    return caught.value


async def test_a_page_comes_with_what_describes_it(server: FeedServer, client: HttpClient) -> None:
    server.pages["/feed"] = b"<rss/>"
    server.headers["/feed"] = {"content-type": "text/xml; charset=koi8-r", "etag": '"1"', "content-language": "uk"}
    fetched = await client.fetch(server.url("/feed"))
    assert fetched is not None
    assert (fetched.body, fetched.content_type, fetched.language) == (b"<rss/>", "text/xml; charset=koi8-r", "uk")
    assert fetched.validators == Validators(etag='"1"')
    assert fetched.moved_to is None
    assert server.requests[0].headers["user-agent"] == "tests/1"


async def test_unchanged_is_asked_for_and_understood(server: FeedServer, client: HttpClient) -> None:
    server.pages["/feed"] = answer(status=304)
    assert await client.fetch(server.url("/feed"), Validators('"1"', "Tue, 10 Jun 2025 04:00:00 GMT")) is None
    sent = server.requests[0].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"1"', "Tue, 10 Jun 2025 04:00:00 GMT")
    assert (await refused(client, server.url("/feed"))).reason == "client_error"  # 304 to an unconditional question


@pytest.mark.parametrize(
    ("status", "reason"),
    [(410, "gone"), (404, "client_error"), (403, "client_error"), (500, "server_error"), (429, "throttled")],
)
async def test_statuses_are_told_apart(server: FeedServer, client: HttpClient, status: int, reason: str) -> None:
    server.pages["/feed"] = answer(status=status)
    error = await refused(client, server.url("/feed"))
    assert error.reason == reason
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("120", 120, 120),
        (format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True), 7000, 7200),
        ("Tue, 10 Jun 2015 04:00:00 GMT", 0, 0),
        ("99999999999999999999999", 86400, 86400),
    ],
)
async def test_retry_after_in_both_forms(
    server: FeedServer, client: HttpClient, value: str, low: float, high: float
) -> None:
    server.pages["/feed"] = answer(status=503, headers={"retry-after": value})
    error = await refused(client, server.url("/feed"))
    assert error.retry_after is not None
    assert low <= error.retry_after <= high


@pytest.mark.parametrize("value", ["soon", "-5", "nan", "inf"])
async def test_a_senseless_retry_after_is_ignored(server: FeedServer, client: HttpClient, value: str) -> None:
    server.pages["/feed"] = answer(status=429, headers={"retry-after": value})
    assert (await refused(client, server.url("/feed"))).retry_after is None


async def test_five_redirects_are_followed_and_a_sixth_is_not(server: FeedServer, client: HttpClient) -> None:
    for hop in range(6):
        server.pages[f"/{hop}"] = redirect(f"/{hop + 1}")
    server.pages["/6"] = b"<rss/>"
    fetched = await client.fetch(server.url("/1"))
    assert fetched is not None
    assert fetched.url == server.url("/6")
    assert (await refused(client, server.url("/0"))).reason == "redirects"


async def test_an_endless_redirect_ends(server: FeedServer, client: HttpClient) -> None:
    server.pages["/loop"] = redirect("/loop")
    assert (await refused(client, server.url("/loop"))).reason == "redirects"
    assert len(server.requests) == 6


async def test_only_an_unbroken_permanent_move_is_one(server: FeedServer, client: HttpClient) -> None:
    server.pages |= {
        "/old": redirect("/mid", 301),
        "/mid": redirect("/new", 308),
        "/new": b"<rss/>",
        "/half": redirect("/detour", 301),
        "/detour": redirect("/new", 302),
        "/soft": redirect("/old", 307),
    }
    moved = {}
    for path in ("/old", "/half", "/soft"):
        fetched = await client.fetch(server.url(path))
        assert fetched is not None
        moved[path] = fetched.moved_to
    assert moved == {"/old": server.url("/new"), "/half": server.url("/detour"), "/soft": None}


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://a.example/", "gopher://a/"])
async def test_a_redirect_to_another_scheme_is_refused(server: FeedServer, client: HttpClient, location: str) -> None:
    server.pages["/feed"] = redirect(location)
    assert (await refused(client, server.url("/feed"))).reason in ("refused", "network")
    assert len(server.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1", "0.0.0.0"])
async def test_this_machine_is_refused_however_it_is_written(server: FeedServer, host: str) -> None:
    server.pages["/feed"] = b"secret"
    async with HttpClient(settings(fetch_private=False)) as closed:
        error = await refused(closed, f"http://{host}:{server.port}/feed")
    assert error.reason == "refused"
    assert server.requests == []


async def test_a_redirect_to_a_private_address_is_refused(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is public by its name (played by loopback, let through), the second is not."""
    from app.sources import addresses

    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    server.pages["/feed"] = redirect("http://169.254.169.254/latest/meta-data/")
    async with HttpClient(settings(fetch_private=False)) as closed:
        error = await refused(closed, server.url("/feed"))
    assert error.reason == "refused"
    assert "169.254.169.254" in str(error)
    assert len(server.requests) == 1


PRIVATE = [
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2001:db8::1",
]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),
        *[(address, False) for address in PRIVATE],
    ],
)
def test_addresses_that_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "raw deflate", "members", "file"])
async def test_compressed_bodies_are_read(server: FeedServer, client: HttpClient, coding: str) -> None:
    page = b"<rss>" + b"x" * 50_000 + b"</rss>"
    raw = zlib.compressobj(wbits=-15)
    encoded = {
        "gzip": gzip.compress(page),
        "x-gzip": gzip.compress(page),
        "deflate": zlib.compress(page),
        "raw deflate": raw.compress(page) + raw.flush(),
        "members": gzip.compress(page[:100]) + gzip.compress(page[100:]) + b"\0" * 8,
        "file": gzip.compress(page),
    }[coding]
    name = {"raw deflate": "deflate", "members": "gzip"}.get(coding, coding)
    headers = {} if coding == "file" else {"content-encoding": name}
    server.pages["/feed"] = answer(body=encoded, headers=headers)
    fetched = await client.fetch(server.url("/feed"))
    assert fetched is not None
    assert fetched.body == page


BOMB = gzip.compress(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"x" * (LIMIT + 1), {}, "too_large"),
        (BOMB, {"content-encoding": "gzip"}, "too_large"),
        (BOMB, {}, "too_large"),
        (gzip.compress(BOMB), {"content-encoding": "gzip, gzip"}, "encoding"),
        (b"not gzip at all", {"content-encoding": "gzip"}, "encoding"),
        (gzip.compress(b"cut short")[:-9], {"content-encoding": "gzip"}, "encoding"),
        (b"\x0b\x02\x80brotli", {"content-encoding": "br"}, "encoding"),
    ],
)
async def test_bodies_that_are_too_much_are_refused(
    server: FeedServer, client: HttpClient, body: bytes, headers: dict[str, str], reason: str
) -> None:
    server.pages["/feed"] = answer(body=body, headers=headers)
    assert (await refused(client, server.url("/feed"))).reason == reason


async def test_a_body_without_end_is_cut_off(server: FeedServer, client: HttpClient) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 4096)

    server.pages["/feed"] = endless
    assert (await refused(client, server.url("/feed"))).reason == "too_large"


@pytest.mark.parametrize("silent", [True, False])
async def test_a_slow_body_is_given_up(server: FeedServer, silent: bool) -> None:
    """Either nothing comes, or one byte now and then: each is less than any time-out between two reads."""

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await asyncio.sleep(60 if silent else 0.02)
            await response.write(b"x")

    server.pages["/feed"] = slow
    async with HttpClient(settings(fetch_seconds=0.5)) as hasty:
        assert (await refused(hasty, server.url("/feed"))).reason == "timeout"


async def test_nobody_listens_or_no_such_name(client: HttpClient) -> None:
    assert (await refused(client, "http://127.0.0.1:9/feed")).reason == "network"
    assert (await refused(client, "http://no-such-host.invalid/feed")).reason == "network"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "news.example/feed", "", "http://[::1", "http://a\x00b/"])
async def test_what_is_no_address_is_refused(client: HttpClient, url: str) -> None:
    assert (await refused(client, url)).reason in ("refused", "network")


async def test_cookies_are_not_kept(server: FeedServer, client: HttpClient) -> None:
    server.pages["/feed"] = answer(body=b"<rss/>", headers={"set-cookie": "track=me"})
    await client.fetch(server.url("/feed"))
    await client.fetch(server.url("/feed"))
    assert "cookie" not in server.requests[1].headers
