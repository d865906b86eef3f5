"""Records into the index: the newest version of each stands, what is too old or too much leaves."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.gateway.item import Facts, Item

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSERT: Final = """
INSERT INTO records
    (kind, id, ord, partition, offset, minute, at, state, about, replaces, successor, words, json, whole)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM records WHERE replaces = ? LIMIT 1), ?, ?, ?)
"""
Tag = tuple[int, str, str, str | None, float | None]


def microseconds(moment: datetime) -> int:
    """Since the epoch, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Bounds:
    """At most so many records of each kind, none that Kafka got more than so many hours ago."""

    records: int
    hours: float


def write(
    connection: sqlite3.Connection, items: Sequence[Item], position: str, bounds: Bounds, trigrams: bool
) -> dict[str, int]:
    """One transaction: the items, in their order, and the position that is reached. The records held, by kind."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for item in items:
            if item.kind == "withdrawal":
                connection.execute(
                    "UPDATE records SET withdrawn = ? WHERE kind = 'event' AND id = ?", (item.about, item.id)
                )
            else:
                _put(connection, item, trigrams)
        _trim(connection, bounds)
        connection.execute("UPDATE meta SET position = ?", (position,))
        counts = dict(connection.execute("SELECT kind, count(*) FROM records GROUP BY kind").fetchall())
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return counts


def _put(connection: sqlite3.Connection, item: Item, trigrams: bool) -> None:
    # A record under an id takes the place of the one before: they have one key, so one partition, so one order.
    connection.execute("DELETE FROM records WHERE kind = ? AND id = ?", (item.kind, item.id))
    facts = item.facts
    at = None if facts.at is None else microseconds(facts.at)
    order = item.timestamp if item.kind == "event" or at is None else at // 1000
    words = facts.words or ""
    whole = None if item.whole is item.json else item.whole
    cursor = connection.execute(
        _INSERT,
        (
            item.kind,
            item.id,
            order,
            item.place[1],
            item.offset,
            item.timestamp // 60_000,
            at,
            item.state,
            item.about,
            item.replaces,
            item.id,
            words,
            item.json,
            whole,
        ),
    )
    key = cursor.lastrowid or 0
    connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?, ?, ?, ?)", _tags(key, facts))
    if trigrams and words:
        connection.execute("INSERT INTO search (rowid, words) VALUES (?, ?)", (key, words))
    if item.replaces:
        connection.execute("UPDATE records SET successor = ? WHERE kind = 'event' AND id = ?", (item.id, item.replaces))


def _tags(key: int, facts: Facts) -> Iterator[Tag]:
    for topic, score in (facts.topics or {}).items():
        yield key, "topic", topic, None, score
    for code, name in (facts.countries or {}).items():
        yield key, "country", code, name, None
    for language in facts.languages or ():
        yield key, "language", language, None, None
    for source in facts.sources or ():
        yield key, "source", source, None, None
    for sector in facts.sectors or ():
        yield key, "sector", sector.lower(), None, None
    if facts.publisher:
        yield key, "publisher", facts.publisher[0], facts.publisher[1], None


def _trim(connection: sqlite3.Connection, bounds: Bounds) -> None:
    oldest = int((time.time() - bounds.hours * 3600) * 1000)
    for kind in ("event", "story", "alert"):
        # A story's place goes by its articles' dates: one that Kafka got just now may tell of news that is years old.
        connection.execute(
            "DELETE FROM records WHERE kind = ? AND ord < ? AND minute < ?", (kind, oldest, oldest // 60_000)
        )
        [(count,)] = connection.execute("SELECT count(*) FROM records WHERE kind = ?", (kind,)).fetchall()
        if count > bounds.records:
            connection.execute(
                "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE kind = ? "
                "ORDER BY ord, partition, offset LIMIT ?)",
                (kind, count - bounds.records),
            )
