"""The window and what a client gets of it: nothing lost, nothing twice, whatever the order of partitions."""

import asyncio
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateway.client import Client
from app.gateway.item import Item, decode
from app.gateway.position import Place, Position, log_id
from app.gateway.store import Store
from tests.gateway_tools import value

LOG = log_id("cluster", "geonews")
ALL = frozenset({0, 1, 2})
EVENTS = frozenset({0})
_JSON = value(1)


def item(partition: int, offset: int, timestamp: int = 0) -> Item:
    """Cheap to make: its id says where it lies."""
    found = decode(
        partition, offset, timestamp, _JSON.replace(b'"title":"', b'"title":"p%d o%d ' % (partition, offset))
    )
    assert found is not None
    return found


def places(*offsets: int) -> dict[Place, int]:
    """The offset of each partition of the channel of events."""
    return {(0, partition): offset for partition, offset in enumerate(offsets)}


def store_of(items: list[Item], capacity: int = 1000, partitions: int = 3) -> Store:
    store = Store(capacity)
    store.reset(LOG, places(*[0] * partitions))
    for one in items:
        store.append(one)
    return store


def drain(client: Client) -> list[tuple[tuple[int, int], str]]:
    """(partition, offset) and stream id of everything that the client would be sent now."""
    sent = b""
    while not client.caught_up:
        sent += client.take()
    ids = re.findall(rb"^id: (.*)$", sent, re.M)
    places = re.findall(rb'"title":"p(\d+) o(\d+) ', sent)
    assert len(ids) == len(places)
    return [((int(p), int(o)), i.decode()) for (p, o), i in zip(places, ids, strict=True)]


def everything(_: Item) -> bool:
    return True


async def client_of(store: Store, after: str | None) -> Client:
    return Client(store, everything, EVENTS, None if after is None else Position.parse(after))


def shuffled(offsets: list[int], seed: int) -> list[Item]:
    """All offsets of each partition, partitions interleaved in an order of the seed's choice."""
    order = [partition for partition, count in enumerate(offsets) for _ in range(count)]
    random.Random(seed).shuffle(order)
    upcoming = [0] * len(offsets)
    items = []
    for partition in order:
        items.append(item(partition, upcoming[partition] * 2))  # every other offset is a transaction marker
        upcoming[partition] += 1
    return items


@given(
    st.lists(st.integers(0, 8), min_size=3, max_size=3),
    st.integers(0, 2**32),
    st.integers(0, 2**32),
    st.integers(0, 24),
    st.integers(0, 24),
)
def test_resume_on_another_gateway_loses_and_repeats_nothing(
    counts: list[int], seed: int, other_seed: int, stop: int, loaded: int
) -> None:
    """The second gateway saw the partitions in another order, and only some of the events when the client comes."""

    async def play() -> None:
        first = store_of([])
        client = await client_of(first, first.position)
        for one in shuffled(counts, seed):
            first.append(one)
        before = drain(client)[:stop]
        last = before[-1][1] if before else first_position
        second = store_of([])
        later = shuffled(counts, other_seed)
        for one in later[:loaded]:
            second.append(one)
        resumed = await client_of(second, last)
        after = drain(resumed)
        for one in later[loaded:]:
            second.append(one)
            after += drain(resumed)
        got = [place for place, _ in before + after]
        assert sorted(got) == sorted((one.place[1], one.offset) for one in later)
        # And once more: the last id of all leads to nothing new.
        if after:
            again = await client_of(second, after[-1][1])
            assert drain(again) == []

    first_position = store_of([]).position
    asyncio.run(play())


async def test_a_client_without_a_position_gets_only_what_is_new() -> None:
    store = store_of([item(0, 0), item(1, 0)])
    client = await client_of(store, None)
    assert drain(client) == []
    store.append(item(2, 0))
    assert [place for place, _ in drain(client)] == [(2, 0)]


async def test_ids_pass_events_that_the_client_did_not_ask_for() -> None:
    store = store_of([])
    client = Client(store, lambda one: one.place == (0, 1), EVENTS, None)
    for offset in range(5):
        store.append(item(0, offset))
    assert drain(client) == []
    assert client.position == store.position == f"{LOG}:5.0.0//"


async def test_a_position_outside_the_window_is_told() -> None:
    store = store_of([item(0, offset) for offset in range(10)], capacity=4)
    assert len(store) == 4
    assert b"event: gap" in (await client_of(store, f"{LOG}:5.0.0")).hello({})
    assert b"event: gap" not in (await client_of(store, f"{LOG}:6.0.0")).hello({})
    late = await client_of(store, f"{LOG}:0.0.0")
    assert [offset for (_, offset), _ in drain(late)] == [6, 7, 8, 9]


async def test_a_position_of_another_log_starts_the_window_anew() -> None:
    store = store_of([item(0, 0), item(0, 1)])
    client = await client_of(store, "00000000:900.900.900")
    assert b"event: gap" in client.hello({})
    # The id before the first event must not claim that event.
    assert f"id: {LOG}:0.0.0//\n".encode() in client.hello({})
    assert [place for place, _ in drain(client)] == [(0, 0), (0, 1)]


async def test_a_client_that_falls_out_of_the_ring_is_lost() -> None:
    store = store_of([], capacity=4)
    client = await client_of(store, None)
    for offset in range(4):
        store.append(item(0, offset))
    assert client.lost is None
    store.append(item(0, 4))
    assert client.lost == "slow"


async def test_a_new_partition_is_part_of_the_position() -> None:
    store = store_of([item(0, 0)], partitions=1)
    before = store.position
    store.add_partitions({(0, 1): 0, (0, 2): 0})
    store.append(item(2, 0))
    assert store.position == f"{LOG}:1.0.1//"
    client = await client_of(store, before)
    assert b"event: gap" not in client.hello({})
    assert [place for place, _ in drain(client)] == [(2, 0)]


def test_the_oldest_arrival_leaves_first() -> None:
    store = store_of([item(0, offset) for offset in range(6)], capacity=4)
    assert [store.entry(number).item.offset for number in range(store.first, store.next)] == [2, 3, 4, 5]
    assert store.floors[0, 0] == 2


@given(st.integers(0, 2**32), st.integers(1, 3000), st.integers(1, 400))
def test_where_to_resume_is_found_in_a_ring_that_has_turned(seed: int, number: int, capacity: int) -> None:
    """Against a walk through the whole ring."""
    rng = random.Random(seed)
    upcoming = [0, 0, 0]
    template = item(0, 0)
    store = store_of([], capacity)
    for _ in range(number):
        partition = rng.randrange(3)
        upcoming[partition] += rng.randint(1, 3)
        store.append(replace(template, place=(0, partition), offset=upcoming[partition]))
    position = Position(LOG, (tuple(rng.randint(0, offset + 2) for offset in upcoming),))
    ring = [(n, store.entry(n).item) for n in range(store.first, store.next)]
    lacking = [n for n, one in ring if one.offset >= position.of(one.place)]
    assert store.resume_at(position) == min(lacking, default=store.next)


def test_an_offset_may_not_come_twice() -> None:
    store = store_of([item(0, 5)])
    with pytest.raises(ValueError, match="comes twice"):
        store.append(item(0, 5))


@pytest.mark.parametrize(
    "text", ["", "abc", f"{LOG}", f"{LOG}:1..2", f"{LOG}:-1", f"{LOG}:1.2\n", f"{LOG}:a", "XYZ:1", f"{LOG}:1/2/3/4"]
)
def test_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="is no position"):
        Position.parse(text)


@pytest.mark.parametrize("text", [f"{LOG}:", f"{LOG}:0", f"{LOG}:12.0.7", f"{LOG}:1.2/3/", f"{LOG}://4"])
def test_position_comes_back(text: str) -> None:
    assert str(Position.parse(text)) == text
