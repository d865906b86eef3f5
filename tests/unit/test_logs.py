"""A broker that is away fills no disk with log lines."""

import logging

from app.logs import Repeats


def _record(message: str, at: float, name: str = "aiokafka", *args: object) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, None)
    record.created = at
    return record


def test_one_kind_of_line_is_written_once_and_then_with_a_count() -> None:
    repeats = Repeats(seconds=10.0)
    lines = [_record("no connection to node %s", 100.0 + second, "aiokafka", second) for second in range(13)]
    written = [line.getMessage() for line in lines if repeats.filter(line)]
    assert written == ["no connection to node 0", "no connection to node 10 (and 9 more like this)"]


def test_other_kinds_and_our_own_lines_are_not_held_back() -> None:
    repeats = Repeats(seconds=10.0)
    records = [_record("one", 0.0), _record("other", 0.0), *(_record("ours", 0.0, "app.delivery.lane") for _ in "ab")]
    assert all(repeats.filter(record) for record in records)
