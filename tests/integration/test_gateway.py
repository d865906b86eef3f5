"""The gateway on a real Kafka: what is committed reaches clients, once each, whatever happens in between."""

import asyncio
import os
import re
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions

from app.errors import ConfigurationError
from app.gateway.server import serving
from app.kafka.admin import admin_client, ensure_topics
from app.kafka.client import client_options
from app.kafka.local import LocalKafka
from app.settings import Settings
from tests.gateway_tools import TOPICS, event, gateway_on, messages, take, until_events, until_ready, value
from tests.kafka_tools import Put, produce

pytestmark = pytest.mark.integration


def ids(numbers: range) -> set[str]:
    return {event(number)["id"] for number in numbers}


async def put(settings: Settings, numbers: range, **changes: object) -> None:
    """Events in Kafka, keyed by id as the worker does it, so that they spread over the partitions."""
    records = [Put(value(n, **changes), key=str(event(n)["id"]).encode()) for n in numbers]
    await produce(settings, settings.channels.events, records)


@asynccontextmanager
async def transactions(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=f"{settings.namespace}-test")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def get(client: aiohttp.ClientSession, path: str, status: int = 200) -> dict[str, object]:
    async with client.get(path) as response:
        assert response.status == status, await response.text()
        body: dict[str, object] = await response.json(content_type=None)
        return body


async def listed(client: aiohttp.ClientSession, path: str = "/v1/events?limit=500") -> list[str]:
    return [found["id"] for found in (await get(client, path))["items"]]  # type: ignore[attr-defined]


async def test_events_are_listed_newest_first_with_filters_and_pages(settings: Settings) -> None:
    for number in range(9):  # one at a time: Kafka's timestamps give the order
        await put(settings, range(number, number + 1), topics=["ukraine-war"] if number % 3 == 0 else ["davos"])
        await asyncio.sleep(0.002)
    async with gateway_on(settings) as (_, client):
        newest_first = [event(n)["id"] for n in range(8, -1, -1)]
        assert await listed(client) == newest_first
        assert await listed(client, "/v1/events?topic=ukraine-war") == [event(n)["id"] for n in (6, 3, 0)]
        assert await listed(client, "/v1/events?q=number%204") == [event(4)["id"]]
        pages, cursor = [], ""
        while cursor is not None:
            body = await get(client, f"/v1/events?limit=4{cursor and '&cursor='}{cursor}")
            pages.append([found["id"] for found in body["items"]])  # type: ignore[attr-defined]
            cursor = body["next_cursor"]  # type: ignore[assignment]
            if len(pages) == 1:  # what arrives meanwhile moves no page
                await put(settings, range(9, 12))
                await until_events(client, 12)
        assert pages == [newest_first[:4], newest_first[4:8], newest_first[8:]]
        assert await get(client, f"/v1/events/{newest_first[0]}") == event(8)


async def test_the_window_is_the_newest_events_of_all_partitions(settings: Settings) -> None:
    """Each event in a transaction of its own: markers take half of the offsets. One partition has nearly all."""
    began = int(time.time() * 1000) - 60_000
    async with transactions(settings) as producer:
        for number in range(40):
            async with producer.transaction():
                partition = 0 if number < 38 else 1
                await producer.send(
                    settings.channels.events,
                    value(number),
                    partition=partition,
                    timestamp_ms=began + number,
                )
    async with gateway_on(settings.model_copy(update={"gateway_window": 25})) as (gateway, client):
        assert await listed(client) == [event(n)["id"] for n in range(39, 14, -1)]
        topics = (await get(client, "/v1/stats"))["topics"]
        assert topics == [
            {"value": name, "events": n} for name, n in (("trade-deals", 0), ("ukraine-war", 0), ("davos", 25))
        ]
        assert len(gateway.store) == 25


async def test_events_reach_the_stream_as_they_are_committed(settings: Settings) -> None:
    await put(settings, range(5))
    async with gateway_on(settings) as (_, client), client.get("/v1/stream?topic=davos") as response:
        assert response.content_type == "text/event-stream"
        stream = messages(response)
        hello = await anext(stream)
        assert (hello.event, bool(hello.id)) == ("hello", True)
        await put(settings, range(5, 15), topics=["ukraine-war"])
        await put(settings, range(15, 25))
        found = await take(stream, 10)
        assert {message.data["id"] for message in found} == ids(range(15, 25))
        assert found[0].data in [event(n) for n in range(15, 25)]


async def test_resume_after_a_restart_loses_and_repeats_nothing(settings: Settings) -> None:
    await put(settings, range(20))
    async with gateway_on(settings) as (_, client), client.get("/v1/stream") as response:
        stream = messages(response)
        await anext(stream)
        await put(settings, range(20, 60))
        got = await take(stream, 25)  # in the middle: the other 15 were sent or not, the client has not seen them
    await put(settings, range(60, 90))  # while no gateway runs
    async with gateway_on(settings) as (_, client):
        async with client.get("/v1/stream", headers={"Last-Event-ID": got[-1].id}) as response:
            stream = messages(response)
            got += await take(stream, 15 + 30)
            await put(settings, range(90, 100))
            got += await take(stream, 10)
        assert sorted(message.data["id"] for message in got) == sorted(ids(range(20, 100)))
        # The page's way: a list of events, then the stream from the list's position.
        position = (await get(client, "/v1/events?limit=1"))["position"]
        await put(settings, range(100, 103))
        async with client.get("/v1/stream", params={"after": str(position)}) as response:
            assert {message.data["id"] for message in await take(messages(response), 3)} == ids(range(100, 103))


async def test_a_position_that_has_left_the_window_is_told(settings: Settings) -> None:
    async with gateway_on(settings.model_copy(update={"gateway_window": 10})) as (_, client):
        position = str((await get(client, "/v1/events"))["position"])
        await put(settings, range(30))
        await until_events(client, 10)
        async with client.get("/v1/stream", headers={"Last-Event-ID": position}) as response:
            stream = messages(response)
            assert (await anext(stream)).event == "hello"
            gap = await anext(stream)
            assert (gap.event, gap.data["reason"]) == ("gap", "position-outside-window")
            assert len(await take(stream, 10)) == 10


async def test_aborted_and_open_transactions_are_never_shown(settings: Settings) -> None:
    topic = settings.channels.events
    async with transactions(settings) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value(0), partition=0)
        await producer.abort_transaction()
        async with gateway_on(settings) as (_, client), client.get("/v1/stream") as response:
            stream = messages(response)
            await anext(stream)
            assert await listed(client) == []
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value(1), partition=0)
            await producer.send_and_wait(topic, value(1), partition=1)
            await producer.abort_transaction()
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value(2), partition=0)
            await put(settings, range(3, 4))  # whole and committed, on a partition of its own or behind the open one
            assert event(2)["id"] not in await listed(client)
            await producer.commit_transaction()
            found = await take(stream, 2)
            assert {message.data["id"] for message in found} == ids(range(2, 4))
            assert set(await listed(client)) == ids(range(2, 4))


async def test_new_partitions_are_read_from_their_beginning(settings: Settings) -> None:
    await put(settings, range(5))
    async with gateway_on(settings) as (_, client), client.get("/v1/stream") as response:
        stream = messages(response)
        hello = await anext(stream)
        async with admin_client(settings) as admin:
            await admin.create_partitions({settings.channels.events: NewPartitions(total_count=6)})
        records = [Put(value(n), partition=5 - n % 2) for n in range(10, 20)]
        async with asyncio.timeout(20):
            while True:
                try:
                    await produce(settings, settings.channels.events, records)
                    break
                except (AssertionError, ValueError):  # the producer has not heard of the partitions yet
                    await asyncio.sleep(0.1)
        assert {message.data["id"] for message in await take(stream, 10)} == ids(range(10, 20))
        async with client.get("/v1/stream", headers={"Last-Event-ID": hello.id}) as again:
            assert {message.data["id"] for message in await take(messages(again), 10)} == ids(range(10, 20))


async def test_hostile_text_passes_through_as_data(settings: Settings) -> None:
    title = "</script><script>alert(1)</script>\r\ndata: {}\n\nevent: x\u2028\u202e\x00🏔"
    junk = [b"", b"not json", b"{}", b"\xff\xfe", value(1)[:-3]]
    async with gateway_on(settings) as (_, client), client.get("/v1/stream") as response:
        stream = messages(response)
        await anext(stream)
        await produce(settings, settings.channels.events, [Put(bad, partition=0) for bad in junk])
        last = [Put(None, key=b"k", partition=0), Put(value(7, title=title), partition=0)]
        await produce(settings, settings.channels.events, last)
        assert (await take(stream, 1))[0].data["title"] == title
        assert await listed(client) == [event(7)["id"]]


async def test_a_slow_client_is_dropped_with_a_reason_and_others_are_not(settings: Settings) -> None:
    small = settings.model_copy(update={"gateway_backlog": 50})
    async with gateway_on(small) as (gateway, client), client.get("/v1/stream") as response:
        stream = messages(response)
        await anext(stream)
        reader, writer = await lazy_client(gateway.port)
        await reader.readuntil(b"event: hello")
        before = await metric(client, 'geonews_gateway_dropped_clients_total{reason="slow"}')
        bulk = "x" * 20_000
        got = 0
        async with asyncio.timeout(60):
            while await metric(client, 'geonews_gateway_dropped_clients_total{reason="slow"}') == before:
                await put(settings, range(got, got + 100), source=event(0)["source"] | {"family": bulk})
                got += len(await take(stream, 100))
        assert await metric(client, "geonews_gateway_clients") == 1
        told = await reader.read()
        last = told.rstrip().split(b"\n\n")[-1]
        assert b'event: dropped\ndata: {"reason":"slow"' in last
        writer.close()
        # It has the ids to go on with: nothing of what it missed is lost.
        last_id = re.findall(rb"^id: (\S+)$", told, re.M)[-1].decode()
        seen = len(re.findall(rb"^data: \{\"id\"", told, re.M))
        async with client.get("/v1/stream", headers={"Last-Event-ID": last_id}) as again:
            missed = await take(messages(again), got - seen)
        assert {message.data["id"] for message in missed} == ids(range(got)) - set(
            re.findall(r'^data: \{"id":"(\w+)"', told.decode(), re.M)
        )


async def lazy_client(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that asks for the stream and has next to no room for the answer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    # HTTP/1.0: no chunks, the bytes are the stream.
    writer.write(b"GET /v1/stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
    return reader, writer


async def metric(client: aiohttp.ClientSession, name: str) -> float:
    async with client.get("/metrics") as response:
        found = re.search(rf"^{re.escape(name)} (\S+)$", await response.text(), re.M)
        return float(found[1]) if found else 0.0


async def test_silence_is_filled_with_heartbeats_that_move_the_id_on(settings: Settings) -> None:
    quick = settings.model_copy(update={"gateway_heartbeat_seconds": 0.2})
    async with gateway_on(quick) as (_, client), client.get("/v1/stream?topic=trade-deals") as response:
        stream = messages(response)
        hello = await anext(stream)
        await put(settings, range(3))
        async with asyncio.timeout(10):
            async for message in stream:
                assert message.event == "heartbeat"
                if message.id != hello.id:
                    break
        await until_events(client, 3)
        async with client.get("/v1/stream", headers={"Last-Event-ID": message.id}) as again:
            resumed = messages(again)
            await anext(resumed)
            await put(settings, range(3, 4))
            assert event(0)["id"] not in {one.data["id"] for one in await take(resumed, 1)}


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/v1/events?limit=0", 400, "limit"),
        ("/v1/events?topic=sport", 400, "topic"),
        ("/v1/events?cursor=x", 400, "cursor"),
        ("/v1/stream?after=x", 400, "after"),
        ("/v1/stream?limit=1", 400, "limit"),
        (f"/v1/events/{'0' * 32}", 404, None),
        ("/v1/nothing", 404, None),
        ("/..%2fserver.py", 404, None),
        ("/assets/", 404, None),
    ],
)
async def test_errors_are_problems(settings: Settings, path: str, status: int, parameter: str | None) -> None:
    async with gateway_on(settings) as (_, client), client.get(path) as response:
        assert (response.status, response.content_type) == (status, "application/problem+json")
        body = await response.json()
        assert body["status"] == status
        assert [error["parameter"] for error in body.get("errors", [])] == ([parameter] if parameter else [])


async def test_other_methods_are_refused(settings: Settings) -> None:
    async with gateway_on(settings) as (_, client), client.post("/v1/events") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
        assert response.content_type == "application/problem+json"


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(settings: Settings) -> None:
    async with gateway_on(settings) as (_, client), client.get("/") as response:
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        page = await response.text()
        assert re.findall(r"<script(?![^>]*src=)|\son\w+=|style=", page) == []
        for asset in re.findall(r'(?:src|href)="([^"#]+)"', page):
            assert asset.startswith("/")
            async with client.get(asset) as found:
                if asset != "/v1/stream":
                    assert found.status == 200, asset


async def test_the_command_prints_its_address_and_ends_its_streams_with_a_reason(settings: Settings) -> None:
    environment = os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "GEONEWS_NAMESPACE": settings.namespace,
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "gateway", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(40):
            line = (await process.stdout.readline()).decode()
            address = re.fullmatch(r"geonews gateway: (http://127\.0\.0\.1:\d+/)\n", line)
            assert address, line
            async with aiohttp.ClientSession(address[1]) as client:
                await until_ready(client)
                async with client.get("/v1/stream") as response:
                    stream = messages(response)
                    await anext(stream)
                    process.terminate()
                    parting = await anext(stream)
            assert (parting.event, parting.data["reason"]) == ("dropped", "shutdown")
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_topics_name_their_kafka_topic(settings: Settings) -> None:
    async with gateway_on(settings) as (_, client):
        topics = (await get(client, "/v1/topics"))["items"]
        assert isinstance(topics, list)
        assert [topic["id"] for topic in topics] == ["trade-deals", "ukraine-war", "davos"]
        assert topics[2]["channel"] == settings.channels.events_of("davos")


async def until_reason(client: aiohttp.ClientSession, text: str) -> dict[str, object]:
    """What `/readyz` says once one of its reasons has this text."""
    async with asyncio.timeout(20):
        while True:
            body = await get(client, "/readyz", 503)
            if text in str(body["reasons"]):
                return body
            await asyncio.sleep(0.05)


async def test_without_kafka_the_page_is_served_and_readiness_says_why(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    async with serving(nowhere, TOPICS) as gateway, aiohttp.ClientSession(gateway.address) as client:
        body = await until_reason(client, "127.0.0.1:9")
        assert body["ready"] is False
        await get(client, "/livez")
        for path in ("/v1/events", "/v1/stories", "/v1/stats"):
            async with client.get(path) as response:
                assert (response.status, response.headers["Retry-After"]) == (503, "1")
                assert response.content_type == "application/problem+json"
        async with client.get("/") as response:
            assert response.status == 200


async def test_a_missing_topic_says_how_to_make_it(bare_settings: Settings) -> None:
    async with serving(bare_settings, TOPICS) as gateway, aiohttp.ClientSession(gateway.address) as client:
        await until_reason(client, "geonews topics create")


async def test_a_taken_port_says_which_setting_to_change(settings: Settings) -> None:
    async with gateway_on(settings) as (gateway, _):
        taken = settings.model_copy(update={"gateway_port": gateway.port})
        with pytest.raises(ConfigurationError, match="GEONEWS_GATEWAY_PORT"):
            async with serving(taken, TOPICS):
                pass


async def test_a_broker_outage_is_survived(bare_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A broker of the test's own, on a fixed port, so that it can die and come back."""
    kafka = LocalKafka(tmp_path_factory.mktemp("outage"), heap_mb=512)
    await asyncio.to_thread(kafka.start)
    try:
        settings = bare_settings.model_copy(update={"kafka_bootstrap": kafka.bootstrap})
        await ensure_topics(settings, [topic.id for topic in TOPICS])
        await put(settings, range(5))
        async with gateway_on(settings) as (_, client), client.get("/v1/stream") as response:
            stream = messages(response)
            await anext(stream)
            await asyncio.to_thread(kafka.stop)
            reasons = (await until_ready(client, False))["reasons"]
            assert reasons[0].startswith("kafka: ")
            assert set(await listed(client)) == ids(range(5))
            await asyncio.to_thread(kafka.start)
            settings = settings.model_copy(update={"kafka_bootstrap": kafka.bootstrap})
            await put(settings, range(5, 10))
            assert {message.data["id"] for message in await take(stream, 5)} == ids(range(5, 10))
            assert (await until_ready(client))["events"] == 10
    finally:
        await asyncio.to_thread(kafka.stop)
