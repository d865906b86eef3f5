"""What the commands for dead letters make of text and bytes, and what a replayed record looks like."""

import time

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from app.cli.dead_letters import visible
from app.cli.when import moment, parse_when
from app.steps.outgoing import Decided
from app.steps.records import Inbound
from app.steps.rejected import Rejected
from app.steps.replay import MAX_AGE_MS, replayed
from schemas.dead_letter import ATTEMPTS, REPLAYED_FROM, DeadLetterHeaders, Reason, Stage, attempts_before

NOW = 1_800_000_000_000


def letter(record: Inbound, attempts: int = 1) -> tuple[Inbound, DeadLetterHeaders]:
    """`record` as it stands among the dead letters, at offset 9 of partition 3."""
    decided = Decided()
    decided.dead_letter("letters", record, Rejected(Stage.VALIDATE, Reason.NOT_JSON, "no JSON"), attempts)
    dead = decided.outgoing[0]
    kept = Inbound(dead.topic, 3, 9, NOW, dead.key, dead.value, tuple(dead.headers))
    return kept, DeadLetterHeaders.from_headers(kept.headers)


def test_attempts_add_up_over_replays() -> None:
    record = Inbound("raw", 1, 5, NOW, b"k", b"v", (("mine", b"1"),))
    for tries in range(1, 5):
        dead, about = letter(record)
        assert about.attempts == tries
        sent = replayed(dead, about, NOW)
        assert sent.headers == [
            ("mine", b"1"),
            (REPLAYED_FROM, b"letters-3@9"),
            (ATTEMPTS, str(tries).encode()),
        ]
        assert (sent.topic, sent.partition, sent.key, sent.value) == ("raw", 1, b"k", b"v")
        record = Inbound("raw", 1, 5, NOW, sent.key, sent.value, tuple(sent.headers))


def test_a_rekeyed_record_loses_that_mark_for_it_is_a_new_one() -> None:
    dead, about = letter(Inbound("raw", 1, 5, NOW, b"k", b"v", (("geonews.rekeyed-from", b"raw-0@3"),)))
    assert [name for name, _ in replayed(dead, about, NOW).headers] == [REPLAYED_FROM, ATTEMPTS]


@pytest.mark.parametrize(
    ("written", "sent"), [(NOW - 5, NOW - 5), (0, NOW - MAX_AGE_MS), (NOW + 10**9, NOW), (-1, NOW - MAX_AGE_MS)]
)
def test_a_replayed_record_never_looks_expired(written: int, sent: int) -> None:
    dead, about = letter(Inbound("raw", 1, 5, written, b"k", b"v"))
    assert replayed(dead, about, NOW).timestamp_ms == sent


@pytest.mark.parametrize("value", [b"", b"-1", b"x", b"9" * 50, b"\xff", "²".encode()])
def test_attempts_of_strangers_are_none(value: bytes) -> None:
    assert attempts_before([(ATTEMPTS, value)]) == 0


@given(st.binary())
def test_nothing_visible_can_move_a_terminal(value: bytes) -> None:
    shown = visible(value)
    assert all(character == "\n" or character.isprintable() for character in shown)


def test_text_is_shown_as_it_is() -> None:
    assert visible("Überschrift: 北京\nneu".encode()) == "Überschrift: 北京\nneu"
    assert visible(b"\x00\x1b[1m\x7f\xff\xc2\x85\xe2\x80\x8b") == r"\x00\x1b[1m\x7f\xff\x85\u200b"
    assert visible(None) == ""


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800), ("1w", 604_800)]
)
def test_moments_ago(text: str, seconds: int) -> None:
    assert parse_when(text) == pytest.approx((time.time() - seconds) * 1000, abs=5000)


def test_moments_of_the_calendar() -> None:
    assert parse_when("2026-01-20T10:00:00Z") == 1_768_903_200_000
    assert parse_when("2026-01-20T11:00:00+01:00") == 1_768_903_200_000
    assert parse_when("2026-01-20") == 1_768_867_200_000
    assert moment(1_768_903_200_000) == "2026-01-20T10:00:00Z"
    assert moment(10**18) == f"{10**18} ms"


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "²h", "2026-13-01"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2h, 30m, 7d"):
        parse_when(text)
