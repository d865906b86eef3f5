"""POST /v1/articles on a real Kafka: 202 only for what is there, problems that say what to do, nothing half taken."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from pydantic import SecretStr

from app.gateway import push as push_module
from app.gateway.limits import Allowance
from app.settings import Settings
from app.steps.identity import canonical_url, home_partition, url_key
from tests.gateway_tools import gateway_on
from tests.kafka_tools import read_all

pytestmark = pytest.mark.integration
KEY = {"Authorization": "Bearer secret-1"}


def article(number: int, **fields: Any) -> dict[str, Any]:
    return {"url": f"https://paper.example/{number}?utm_source=x", "title": f"Talks {number}"} | fields


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    hashed = hashlib.sha256(b"secret-2").hexdigest()
    keys = [SecretStr("secret-1"), SecretStr(f"sha256:{hashed}")]
    return settings.model_copy(update={"api_keys": keys, "push_rate": 100.0})


@pytest.fixture
async def client(open_settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    async with gateway_on(open_settings) as (_, session):
        yield session


async def post(client: aiohttp.ClientSession, body: Any, **options: Any) -> tuple[int, Any, Any]:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Content-Type": "application/json"} | KEY | options.pop("headers", {})
    async with client.post("/v1/articles", data=data, headers=headers, **options) as response:
        if response.status != 202:
            assert response.content_type == "application/problem+json"
        return response.status, await response.json(content_type=None), response.headers


async def test_one_many_and_lines_are_in_kafka_when_202_comes(
    open_settings: Settings, client: aiohttp.ClientSession
) -> None:
    topic, sent = open_settings.channels.raw, []
    lines = b"\n".join(orjson.dumps(article(n)) for n in range(10, 15)) + b"\n\n"
    for body, kind, count in [
        (article(0), "application/json", 1),
        ([article(n) for n in range(1, 10)], "application/json; charset=utf-8", 9),
        (lines, "application/x-ndjson", 5),
    ]:
        status, answer, _ = await post(client, body, headers={"Content-Type": kind})
        assert (status, answer["accepted"], len(set(answer["ids"]))) == (202, count, count)
        sent += answer["ids"]
        assert len(await read_all(open_settings, topic)) == len(sent)
    records = await read_all(open_settings, topic)
    assert {orjson.loads(record.value)["title"] for record in records} == {f"Talks {n}" for n in range(15)}
    for record in records:
        identity = url_key(canonical_url(orjson.loads(record.value)["url"]))
        assert record.key == identity.hex().encode()
        assert record.partition == home_partition(identity, open_settings.partitions)


async def test_the_same_again_has_the_same_ids(client: aiohttp.ClientSession) -> None:
    answers = [await post(client, article(1)) for _ in range(2)]
    assert answers[0][1] == answers[1][1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic secret-1"},
        {"Authorization": "Bearer sécret"},
        {"Authorization": "", "X-API-Key": "secret-1x"},
    ],
)
async def test_without_a_key_nothing_is_taken(
    open_settings: Settings, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    status, answer, answered = await post(client, article(1), headers=headers)
    assert (status, answer["status"]) == (401, 401)
    assert answered["WWW-Authenticate"].startswith("Bearer")
    assert await read_all(open_settings, open_settings.channels.raw) == []


async def test_keys_may_be_hashed_and_come_in_either_header(client: aiohttp.ClientSession) -> None:
    for headers in ({"Authorization": "bearer secret-2"}, {"Authorization": "", "X-API-Key": "secret-2"}):
        assert (await post(client, article(1), headers=headers))[0] == 202


async def test_a_gateway_without_keys_says_so(settings: Settings) -> None:
    async with gateway_on(settings) as (_, session):
        status, answer, _ = await post(session, article(1))
        assert (status, "geonews keys create --scope ingest" in answer["detail"]) == (401, True)


async def test_one_bad_article_and_none_is_taken(open_settings: Settings, client: aiohttp.ClientSession) -> None:
    body = [article(1), {"url": "https://paper.example/2"}, article(3), {"url": "nonsense", "title": "x"}, 5]
    status, answer, _ = await post(client, body)
    assert status == 422
    assert [(error["article"], error["reason"]) for error in answer["errors"]] == [
        (1, "invalid-field"),
        (3, "invalid-field"),
        (4, "not-an-object"),
    ]
    assert await read_all(open_settings, open_settings.channels.raw) == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 422),
        (b"", {}, 422),
        (b"[]", {}, 422),
        (b"null", {}, 422),
        (b"<a/>", {"Content-Type": "text/xml"}, 415),
        (orjson.dumps([article(n) for n in range(1001)]), {}, 413),
        (orjson.dumps(article(1, text="x" * (1024 * 1024))), {}, 413),
        (b"x" * (12 * 1024 * 1024 + 1), {}, 413),
    ],
)
async def test_what_cannot_be_taken_is_told_apart(
    open_settings: Settings, client: aiohttp.ClientSession, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert (await post(client, body, headers=headers))[0] == status
    assert await read_all(open_settings, open_settings.channels.raw) == []


async def test_a_body_without_a_length_is_cut_off(client: aiohttp.ClientSession) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 65536

    try:
        async with client.post("/v1/articles", data=endless(), headers=KEY) as response:
            assert response.status == 413
    except aiohttp.ClientError:
        pass  # it may also just hang up on us


async def test_more_than_the_rate_is_told_when_to_come_back(client: aiohttp.ClientSession) -> None:
    many = [article(n) for n in range(600)]
    first, second = await post(client, many), await post(client, many)
    assert (first[0], second[0]) == (202, 429)
    assert 1 <= int(second[2]["Retry-After"]) <= 10
    assert (await post(client, many, headers={"Authorization": "Bearer secret-2"}))[0] == 202


def test_an_allowance_fills_up_again_and_refused_articles_cost_nothing() -> None:
    allowance = Allowance(rate=10, burst=20)
    assert allowance.take(20) == 0
    assert 0.9 < allowance.take(10) <= 1.0
    allowance.at -= 1
    assert allowance.take(10) == 0
    allowance.give_back(5)
    assert allowance.take(5) == 0


async def test_without_kafka_it_is_503_and_it_comes_back(
    open_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First at an address where nobody listens; then the same gateway meets a Kafka that is there."""
    monkeypatch.setattr(push_module, "_ACKNOWLEDGE_SECONDS", 3.0)
    pushing = push_module.Push(open_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"}))
    with pytest.raises(push_module.Refused) as caught:
        async with asyncio.timeout(20):
            await pushing._send(push_module._checked([orjson.dumps(article(1))], "raw")[0])
    assert caught.value.response.status == 503
    assert caught.value.response.headers["Retry-After"]
    pushing._settings = open_settings
    monkeypatch.setattr(push_module, "_ACKNOWLEDGE_SECONDS", 20.0)
    async with asyncio.timeout(60):
        await pushing._send(push_module._checked([orjson.dumps(article(1))], "raw")[0])
    await pushing.close()
    assert len(await read_all(open_settings, open_settings.channels.raw)) == 1
