"""Sums over the index."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field

from app.gateway.index.asking import Asked

_KINDS = ("event", "story", "alert")


@dataclass(frozen=True)
class Counts:
    """Events that answer the filters, by what they are about and by minute; and how much the window holds."""

    held: dict[str, int]  # kind -> records
    events: int
    oldest: int | None  # microseconds, of published_at
    newest: int | None
    by_tag: dict[str, list[tuple[str, str | None, int]]]  # field -> (value, label, events), the most first
    by_minute: dict[int, int]  # minutes since the epoch
    by_minute_and_topic: dict[int, dict[str, int]] = field(default_factory=dict)


def count(connection: sqlite3.Connection, asked: Asked, from_minute: int, trigrams: bool) -> Counts:
    """Everything that `GET /v1/stats` says."""
    where, values = asked.where(trigrams)
    held = dict.fromkeys(_KINDS, 0) | dict(
        connection.execute(
            "SELECT kind, count(*) FROM records WHERE successor IS NULL AND withdrawn IS NULL GROUP BY kind"
        ).fetchall()
    )
    [(events, oldest, newest)] = connection.execute(
        f"SELECT count(*), min(r.at), max(r.at) FROM records r WHERE {where}",  # noqa: S608 - no values
        values,
    ).fetchall()
    by_tag: dict[str, list[tuple[str, str | None, int]]] = defaultdict(list)
    for name, value, label, number in connection.execute(
        "SELECT t.field, t.value, max(t.label), count(*) FROM records r JOIN tags t ON t.key = r.key "  # noqa: S608
        f"WHERE {where} AND t.field IN ('topic', 'country', 'language', 'publisher') "
        "GROUP BY t.field, t.value ORDER BY count(*) DESC, t.value",
        values,
    ):
        by_tag[name].append((value, label, number))
    recent = f"{where} AND r.minute >= ?"
    by_minute = connection.execute(
        f"SELECT r.minute, count(*) FROM records r WHERE {recent} GROUP BY r.minute",  # noqa: S608
        [*values, from_minute],
    ).fetchall()
    by_topic: dict[int, dict[str, int]] = defaultdict(dict)
    for minute, topic, number in connection.execute(
        "SELECT r.minute, t.value, count(*) FROM records r JOIN tags t ON t.key = r.key "  # noqa: S608
        f"WHERE {recent} AND t.field = 'topic' GROUP BY r.minute, t.value",
        [*values, from_minute],
    ):
        by_topic[minute][topic] = number
    return Counts(held, events, oldest, newest, dict(by_tag), dict(by_minute), dict(by_topic))
