"""Filters as SQL over `records r`."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.gateway.index.rows import Found, Order, Page, Row
from app.gateway.index.writing import microseconds

_TRIGRAM = 3  # shorter words are looked for in every text


@dataclass(frozen=True)
class Asked:
    """What a list must answer: every filter that is not empty holds, any value of one will do."""

    kind: str
    tags: dict[str, Sequence[str]] = field(default_factory=dict)  # field of `tags` -> values
    languages: Sequence[str] = ()  # `en` also means `en-gb`
    min_score: float = 0.0
    since: datetime | None = None
    until: datetime | None = None
    words: Sequence[str] = ()  # folded
    state: Sequence[str] = ()
    about: Sequence[str] = ()

    def where(self, trigrams: bool) -> tuple[str, list[Any]]:
        """A condition and its parameters."""
        parts = ["r.kind = ?", "r.successor IS NULL", "r.withdrawn IS NULL"]
        values: list[Any] = [self.kind]
        for name, wanted in self.tags.items():
            if wanted:
                self._has_tag(parts, values, name, f"t.value IN ({_marks(wanted)})", list(wanted))
        if self.min_score and not self.tags.get("topic"):
            self._has_tag(parts, values, "topic", "TRUE", [])
        if self.languages:
            ranges = " OR ".join("t.value = ? OR t.value >= ? AND t.value < ?" for _ in self.languages)
            bounds = [bound for one in self.languages for bound in (one, f"{one}-", f"{one}.")]
            self._has_tag(parts, values, "language", f"({ranges})", bounds)
        for name, wanted in (("state", self.state), ("about", self.about)):
            if wanted:
                parts.append(f"r.{name} IN ({_marks(wanted)})")
                values += wanted
        for sign, moment in ((">=", self.since), ("<", self.until)):
            if moment is not None:
                parts.append(f"r.at {sign} ?")
                values.append(microseconds(moment))
        self._search(parts, values, trigrams)
        return " AND ".join(parts), values

    def _has_tag(self, parts: list[str], values: list[Any], name: str, condition: str, wanted: list[Any]) -> None:
        score = name == "topic" and self.min_score > 0
        least = " AND t.score >= ?" if score else ""
        where = f"t.key = r.key AND t.field = '{name}' AND {condition}{least}"
        parts.append(f"EXISTS (SELECT 1 FROM tags t WHERE {where})")  # noqa: S608 - no values
        values += [*wanted, self.min_score] if score else wanted

    def _search(self, parts: list[str], values: list[Any], trigrams: bool) -> None:
        # SQLite's query language ends at a NUL.
        long = [word for word in self.words if trigrams and len(word) >= _TRIGRAM and "\0" not in word]
        if long:
            parts.append("r.key IN (SELECT rowid FROM search WHERE search MATCH ?)")
            values.append(" AND ".join('"' + word.replace('"', '""') + '"' for word in long))
        for word in self.words:
            if word not in long:
                parts.append("instr(r.words, ?) > 0")
                values.append(word)


def page(connection: sqlite3.Connection, asked: Asked, before: Order | None, limit: int, trigrams: bool) -> Page:
    """The newest records that sort below `before`."""
    where, values = asked.where(trigrams)
    if before is not None:
        where += " AND (r.ord, r.partition, r.offset) < (?, ?, ?)"
        values += before
    found = connection.execute(
        f"SELECT r.id, r.ord, r.partition, r.offset, r.json FROM records r WHERE {where} "  # noqa: S608 - no values
        "ORDER BY r.ord DESC, r.partition DESC, r.offset DESC LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    rows = [Row(one[0], (one[1], one[2], one[3]), one[4]) for one in found[:limit]]
    return Page(rows, len(found) > limit, position(connection))


def position(connection: sqlite3.Connection) -> str:
    """What the index holds, as a client of the stream would say it."""
    [(text,)] = connection.execute("SELECT position FROM meta").fetchall()
    return str(text)


def by_id(connection: sqlite3.Connection, kind: str, name: str) -> Found | None:
    """One record, gone or not."""
    row = connection.execute(
        "SELECT coalesce(whole, json), successor, withdrawn FROM records WHERE kind = ? AND id = ?", (kind, name)
    ).fetchone()
    return None if row is None else Found(*row)


def standing(connection: sqlite3.Connection, kind: str, names: Sequence[str]) -> list[bytes]:
    """Those of the records that stand, in the order of their ids here."""
    rows = dict(
        connection.execute(
            f"SELECT id, json FROM records WHERE kind = ? AND withdrawn IS NULL AND id IN ({_marks(names)})",  # noqa: S608
            [kind, *names],
        ).fetchall()
    )
    return [rows[name] for name in names if name in rows]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
