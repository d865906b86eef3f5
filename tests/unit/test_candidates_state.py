"""The packed forms in which lanes hand events on and keep what they have seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps import candidates
from app.steps.candidates import Candidate
from app.steps.packing import MAX_PACKED_BYTES
from schemas.state import KEY_BYTES, StateFormatError, pack, unpack

_candidate = st.builds(
    Candidate,
    event=st.dictionaries(st.text(), st.text(max_size=50) | st.integers(-(2**53), 2**53) | st.none(), max_size=4),
    content_key=st.binary(min_size=16, max_size=16),
    origin=st.text(max_size=55),
    received_ms=st.integers(-1, 2**53),
    published_ms=st.integers(-(2**53), 2**53),
)


@given(st.lists(_candidate, max_size=10))
def test_candidates_come_out_as_they_went_in(given_: list[Candidate]) -> None:
    values = list(candidates.pack(given_))
    assert len(values) == (1 if given_ else 0)
    assert [one for value in values for one in candidates.unpack(value)] == given_


def test_a_candidate_beyond_the_limit_travels_alone() -> None:
    sizes = (10, MAX_PACKED_BYTES, 10)
    values = list(candidates.pack(Candidate({"t": "x" * size}, bytes(16), "", 0, 0) for size in sizes))
    assert [len(candidates.unpack(value)) for value in values] == [1, 1, 1]


_key = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


@given(
    st.integers(0, 40).flatmap(
        lambda width: st.tuples(
            st.just(width),
            st.lists(st.tuples(_key, st.binary(min_size=width, max_size=width), st.integers(-(2**63), 2**63 - 1))),
        )
    )
)
def test_state_comes_out_as_it_went_in(given_: tuple[int, list[tuple[bytes, bytes, int]]]) -> None:
    width, entries = given_
    value = pack(entries, width)
    assert list(unpack(value, width)) == entries
    assert len(value) == 2 + len(entries) * (KEY_BYTES + width + 8)


def test_the_layout_of_state_is_fixed() -> None:
    """A newer version must be able to read what an older one wrote before it was stopped."""
    assert pack([(b"k" * 16, b"pp", 258)], 2) == b"\x01\x02" + b"k" * 16 + b"pp" + b"\0\0\0\0\0\0\x01\x02"


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x02\x10", b"\x01\x11", b"\x01\x10" + b"x" * 39, b'{"a": 1}'])
def test_state_of_another_format_is_refused(value: bytes) -> None:
    with pytest.raises(StateFormatError, match="payloads of 16 bytes"):
        list(unpack(value, 16))
