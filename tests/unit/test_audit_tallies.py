"""Counting offsets: the compact structures give what a plain list gives."""

from hypothesis import given
from hypothesis import strategies as st

from app.audit.tallies import Positions, Runs, Weights

OFFSETS = st.lists(st.integers(0, 60), unique=True).map(sorted)
RANGE = st.tuples(st.integers(0, 70), st.integers(0, 70)).map(lambda pair: (min(pair), max(pair)))


@given(OFFSETS, RANGE)
def test_runs_count_the_offsets_in_a_range(offsets: list[int], span: tuple[int, int]) -> None:
    runs = Runs()
    for offset in offsets:
        runs.add(offset)
    assert runs.count(*span) == sum(span[0] <= offset < span[1] for offset in offsets)
    assert runs.total == len(offsets)


@given(OFFSETS, RANGE, st.data())
def test_weights_add_up_in_a_range(offsets: list[int], span: tuple[int, int], data: st.DataObject) -> None:
    weights = Weights()
    weighed = {offset: data.draw(st.integers(1, 9)) for offset in offsets}
    for offset, weight in weighed.items():
        weights.add(offset, weight)
    assert weights.count(*span) == sum(weight for offset, weight in weighed.items() if span[0] <= offset < span[1])


@given(st.lists(st.integers(0, 20)), RANGE)
def test_positions_come_in_any_order(offsets: list[int], span: tuple[int, int]) -> None:
    positions = Positions()
    for offset in offsets:
        positions.add(offset)
        assert offset in positions
    assert positions.count(*span) == sum(span[0] <= offset < span[1] for offset in offsets)
    assert set(positions.repeated()) == {offset for offset in offsets if offsets.count(offset) > 1}
