"""Trace context, and the channels that an event goes to."""

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps.rekey import REKEYED_FROM, rekeyed
from app.steps.route import route
from app.steps.trace import next_hop, origin_of
from schemas.channels import Channels
from tests.unit.articles import inbound

VALID = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT = {"id": "e" * 32, "published_at": "2026-01-20T09:00:00.000Z", "canonical_url": "https://news.example/a"}


def test_the_origin_is_kept() -> None:
    assert origin_of([("x", b"y"), ("traceparent", TRACE.encode())]) == TRACE


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nonsense",
        b"\xff",
        TRACE.upper().encode(),
        TRACE.encode() + b"\n",
        f"01{TRACE[2:]}".encode(),
        f"00-{'0' * 32}-b7ad6b7169203331-01".encode(),
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01".encode(),
        None,
    ],
)
def test_a_header_that_is_no_traceparent_is_replaced(value: bytes) -> None:
    made = origin_of([("traceparent", value)])
    assert VALID.fullmatch(made)
    assert made.encode() != value


def test_articles_without_a_trace_get_traces_of_their_own() -> None:
    assert len({origin_of([]) for _ in range(100)}) == 100


@given(st.binary())
def test_any_header_gives_a_valid_trace(value: bytes) -> None:
    assert VALID.fullmatch(next_hop(origin_of([("traceparent", value)])))


def test_a_hop_stays_in_the_trace() -> None:
    hop = next_hop(TRACE)
    assert VALID.fullmatch(hop)
    assert (hop[:36], hop[52:]) == (TRACE[:36], TRACE[52:])
    assert hop != TRACE


@pytest.mark.parametrize("topics", [["davos"], ["trade-deals", "davos"], ["ukraine-war", "trade-deals", "davos"]])
def test_an_event_goes_once_to_each_channel(topics: list[str]) -> None:
    channels = Channels("test")
    event = EVENT | {"topics": [{"topic": topic} for topic in topics]}
    written = route(event, TRACE, channels)
    assert [out.topic for out in written] == ["test.events.v1", *(f"test.events.{topic}.v1" for topic in topics)]
    assert {out.value for out in written} == {orjson.dumps(event)}
    assert {out.key for out in written} == {b"e" * 32}
    assert {out.partition for out in written} == {None}, "the key alone says where an event goes"


def test_a_record_handed_on_twice_says_where_it_was_last() -> None:
    record = inbound(b"v", partition=2, offset=9, headers=((REKEYED_FROM, b"an older place"), ("a", b"1")))
    out = rekeyed(record, 3)
    assert out.headers == [("a", b"1"), (REKEYED_FROM, b"geonews.raw.v1-2@9")]
