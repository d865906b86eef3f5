"""What a lane remembers: bounds, generations, eviction, fading, and views that can be thrown away."""

from hypothesis import given
from hypothesis import strategies as st

from app.steps.memory import GENERATIONS, Entry, Memory, Pending

HOUR = 3_600_000
DAY = 24 * HOUR


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def entry(number: int, at_ms: int = 0, payload: bytes = b"p") -> Entry:
    return Entry(key(number), payload, at_ms)


def test_remembers_the_last_payload() -> None:
    memory = Memory(DAY, 1000)
    assert memory.get(key(1)) is None
    memory.remember([entry(1, payload=b"a"), entry(2), entry(1, payload=b"b")])
    assert memory.get(key(1)) == b"b"
    assert len(memory) == 2


def test_a_newer_generation_overrules_an_older_one() -> None:
    memory = Memory(DAY, 1000)
    memory.remember([entry(1, 0, b"a"), entry(1, DAY // 2, b"b")])
    assert memory.get(key(1)) == b"b"


def test_entries_live_for_the_window_and_not_much_longer() -> None:
    memory = Memory(DAY, 1_000_000)
    for hour in range(72):
        memory.remember([entry(hour, hour * HOUR)])
        alive = [past for past in range(hour + 1) if memory.get(key(past)) is not None]
        assert hour - alive[0] >= min(hour, 20), "forgotten before 7/8 of the window"
        assert hour - alive[0] <= 27, "remembered long after the window"
        assert alive == list(range(alive[0], hour + 1)), "forgotten out of order"
    assert memory.evicted == 0


def test_a_silence_longer_than_the_window_empties_it() -> None:
    memory = Memory(DAY, 1000)
    memory.remember([entry(1, 0), entry(2, 3 * DAY)])
    assert memory.get(key(1)) is None
    assert len(memory) == 1
    assert memory.evicted == 0


def test_the_bound_holds_and_what_it_costs_is_counted() -> None:
    memory = Memory(DAY, 800)
    for number in range(10_000):
        memory.remember([entry(number, number)])
        assert len(memory) <= 800
    assert memory.get(key(9_999)) is not None
    assert memory.get(key(9_300)) is not None
    assert memory.get(key(0)) is None
    assert memory.evicted == 10_000 - len(memory)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-DAY, 2 * DAY)), max_size=200), st.integers(1, 20))
def test_clocks_that_jump_break_no_bound(steps: list[tuple[int, int]], most: int) -> None:
    memory, now = Memory(DAY, most), 10 * DAY
    for number, step in steps:
        now += step
        memory.remember([entry(number, now, str(now).encode())])
        assert memory.get(key(number)) == str(now).encode()
        assert len(memory) <= max(most, GENERATIONS)


def test_what_is_only_in_older_generations_is_fading() -> None:
    memory = Memory(DAY, 1000)
    assert not memory.is_fading(key(1))
    memory.remember([entry(1, 0)])
    assert not memory.is_fading(key(1))
    memory.remember([entry(2, DAY // 2)])
    assert memory.is_fading(key(1))
    assert not memory.is_fading(key(2))


def test_a_copy_seen_every_hour_is_never_forgotten() -> None:
    memory = Memory(DAY, 1_000_000)
    memory.remember([entry(1, 0)])
    added = 0
    for hour in range(1, 24 * 7):
        pending = Pending(memory)
        pending.put(entry(1000 + hour, hour * HOUR))
        known = pending.get(key(1))
        assert known is not None, f"forgotten after {hour} hours"
        pending.refresh(Entry(key(1), known, hour * HOUR))
        added += sum(one.key == key(1) for one in pending.entries)
        pending.commit()
    assert added <= 7 * GENERATIONS + 1, "refreshed more often than once a generation"


def test_nothing_is_remembered_before_the_commit() -> None:
    memory = Memory(DAY, 1000)
    pending = Pending(memory)
    pending.put(entry(1))
    assert pending.get(key(1)) == b"p"
    assert memory.get(key(1)) is None
    pending.commit()
    assert memory.get(key(1)) == b"p"


def test_refresh_writes_only_what_would_fade() -> None:
    memory = Memory(DAY, 1000)
    memory.remember([entry(1, 0)])
    pending = Pending(memory)
    pending.refresh(entry(1, 1))
    assert pending.entries == []
    memory.remember([entry(2, DAY // 2)])
    pending.refresh(entry(1, DAY // 2))
    pending.refresh(entry(1, DAY))
    assert pending.entries == [entry(1, DAY // 2)]


def test_an_attempt_that_fails_leaves_no_trace() -> None:
    outer = Pending(Memory(DAY, 1000))
    outer.put(entry(1, payload=b"outer"))
    failed = outer.nested()
    failed.put(entry(1, payload=b"inner"))
    failed.put(entry(2))
    assert failed.get(key(1)) == b"inner"
    assert outer.get(key(1)) == b"outer"
    assert outer.get(key(2)) is None
    assert [one.key for one in outer.entries] == [key(1)]


def test_attempts_nest_and_are_absorbed() -> None:
    memory = Memory(DAY, 1000)
    outer = Pending(memory)
    outer.put(entry(1, payload=b"a"))
    middle = outer.nested()
    middle.put(entry(2, payload=b"b"))
    inner = middle.nested()
    inner.put(entry(1, payload=b"c"))
    inner.put(entry(3, payload=b"d"))
    assert [inner.get(key(number)) for number in (1, 2, 3)] == [b"c", b"b", b"d"]
    middle.absorb(inner)
    outer.absorb(middle)
    outer.commit()
    assert [memory.get(key(number)) for number in (1, 2, 3)] == [b"c", b"b", b"d"]


def test_a_nested_view_knows_what_fades() -> None:
    memory = Memory(DAY, 1000)
    memory.remember([entry(1, 0), entry(2, DAY // 2)])
    outer = Pending(memory)
    inner = outer.nested()
    inner.refresh(entry(1, DAY // 2))
    assert [one.key for one in inner.entries] == [key(1)]
    outer.absorb(inner)
    again = outer.nested()
    again.refresh(entry(1, DAY))
    outer.absorb(again)
    assert outer.entries == [entry(1, DAY // 2)]
