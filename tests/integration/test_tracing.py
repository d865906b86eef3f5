"""One article from a source to the event that a reader gets: one trace, as a collector receives it, and in the logs."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Iterator, MutableMapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app import tracing
from app.delivery import attempts, lane_logs
from app.gateway.server import serving
from app.settings import Settings
from app.sources.base import Item
from app.sources.publish import RawProducer
from tests.gateway_tools import TOPICS
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import article, running

pytestmark = pytest.mark.integration


class Receiver:
    """An OTLP endpoint: keeps every span that is sent to it."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    receiver.spans += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def named(self, name: str) -> dict[str, Any]:
        return {span.span_id.hex(): span for span in self.spans if span.name == name}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    tracing.stop()
    running.server.shutdown()


class Source:
    """Two articles."""

    kind = name = "file"

    async def items(self) -> AsyncGenerator[Item, None]:
        for number in range(2):
            yield Item(orjson.dumps(article(number)), article(number)["url"])


async def test_an_article_is_one_trace_from_its_source_to_its_event(settings: Settings, receiver: Receiver) -> None:
    settings = settings.model_copy(update={"otlp_endpoint": receiver.url})
    async with serving(settings, TOPICS) as gateway, running(settings), asyncio.timeout(100):
        while gateway.follower.reasons():  # noqa: ASYNC110 - Kafka is waited for, here and below
            await asyncio.sleep(0.1)
        async with RawProducer(settings) as producer:
            await producer.publish(Source())
        while len(gateway.store) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    events = await read_all(settings, settings.channels.events)
    await asyncio.to_thread(tracing.stop)
    sent, processed, delivered = (receiver.named(name) for name in ("ingest", "process", "deliver"))
    assert len(sent) == len(processed) == len(delivered) == 2
    for event in events:
        headers = {name: value.decode() for name, value in event.headers}
        _, trace, own, _ = headers["traceparent"].split("-")
        _, origin_trace, origin, _ = headers["ce_traceparent"].split("-")
        assert trace == origin_trace == processed[own].trace_id.hex() == sent[origin].trace_id.hex()
        assert processed[own].parent_span_id.hex() == origin
        assert not sent[origin].parent_span_id
        [last] = [span for span in delivered.values() if span.parent_span_id.hex() == own]
        assert last.trace_id.hex() == trace
        assert sent[origin].start_time_unix_nano <= processed[own].end_time_unix_nano
        about = {each.key: each.value for each in processed[own].attributes}
        assert about["geonews.article"].string_value == headers["ce_id"]


async def test_nothing_is_collected_unless_it_is_asked_for(settings: Settings) -> None:
    async with RawProducer(settings):
        assert not tracing.is_on()


def test_a_share_of_the_traces_is_the_same_share_everywhere(receiver: Receiver) -> None:
    half = tracing.Collector(receiver.url, 0.5, "w")
    none = tracing.Collector(receiver.url, 0.0, "w")
    for chance, span in (("00000000000000", "1" * 16), ("ffffffffffffff", "2" * 16)):
        traceparent = f"00-{'a' * 18}{chance}-{span}-01"
        half.span("x", traceparent, None, (1.0, 2.0), {})
        none.span("y", traceparent, None, (1.0, 2.0), {})
    half.flush()
    none.flush()
    assert receiver.named("x").keys() == {"1" * 16}
    assert receiver.named("y") == {}


async def test_lines_of_a_lane_say_where_its_articles_are(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []

    def keep(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
        lines.append(dict(line))
        return ""

    logger = structlog.wrap_logger(
        logging.getLogger("test"),
        processors=[structlog.contextvars.merge_contextvars, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    monkeypatch.setattr(lane_logs, "log", logger)
    monkeypatch.setattr(attempts, "log", logger)
    trace = b"00-" + b"c" * 32 + b"-" + b"d" * 16 + b"-01"
    headers = [("traceparent", trace)]
    await produce(
        settings,
        settings.channels.raw,
        [Put(orjson.dumps(article(1)), headers=headers, partition=2), Put(b"no", headers=headers, partition=2)],
    )
    async with running(settings), asyncio.timeout(60):
        while not {"event published", "dead letter"} <= {line["event"] for line in lines}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert {line["trace_id"] for line in lines} == {"c" * 32}
    [published] = [line for line in lines if line["event"] == "event published"]
    [letter] = [line for line in lines if line["event"] == "dead letter"]
    assert published["agent"] == "route"
    assert len(published["article_id"]) == 32
    assert {"partition", "offset"} <= published.keys()
    assert (letter["agent"], letter["partition"], letter["offset"]) == ("classify", 2, 1)
    assert letter["reason"] == "not-json"
