"""Tables of the index, and connections to it."""

import sqlite3
from pathlib import Path
from typing import Final

# One table for events, stories and alerts: filters ask all of them the same questions, through tags.
_TABLES: Final = """
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,      -- event, story, alert
    id TEXT NOT NULL,
    ord INTEGER NOT NULL,    -- lists are sorted by ord, partition, offset: ms of Kafka for an event, else of `at`
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    minute INTEGER NOT NULL, -- of Kafka's timestamp, since the epoch
    at INTEGER,              -- microseconds since the epoch: published, last seen, raised
    state TEXT,
    about TEXT,
    replaces TEXT,
    successor TEXT,
    withdrawn TEXT,
    words TEXT NOT NULL,     -- folded
    json BLOB NOT NULL,
    whole BLOB               -- where it is more than json
);
CREATE UNIQUE INDEX records_id ON records (kind, id);
CREATE INDEX records_order ON records (kind, ord, partition, offset);
CREATE INDEX records_replaces ON records (replaces) WHERE replaces IS NOT NULL;
CREATE TABLE tags (
    key INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    label TEXT,
    score REAL,
    PRIMARY KEY (key, field, value)
) WITHOUT ROWID;
CREATE TABLE meta (position TEXT NOT NULL);
INSERT INTO meta VALUES ('');
CREATE TRIGGER records_gone AFTER DELETE ON records BEGIN
    DELETE FROM tags WHERE key = old.key;
    {search_gone}
END;
"""
# Trigrams find a text anywhere, in scripts without spaces too; words are folded already.
_SEARCH: Final = "CREATE VIRTUAL TABLE search USING fts5(words, tokenize = 'trigram case_sensitive 1')"
_DROP: Final = (
    "DROP TABLE IF EXISTS search; DROP TABLE IF EXISTS records; DROP TABLE IF EXISTS tags; DROP TABLE IF EXISTS meta;"
)


def has_trigrams() -> bool:
    """Whether this SQLite searches by trigrams (3.34 and newer, with FTS5); without, every text is looked through."""
    with sqlite3.connect(":memory:") as connection:
        try:
            connection.execute(_SEARCH)
        except sqlite3.OperationalError:
            return False
    return True


def connect(path: Path) -> sqlite3.Connection:
    """A connection for the thread that asks. Nothing here outlives the process, so nothing waits for the disk."""
    # Another thread may close it, at the end.
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")
    return connection


def create(connection: sqlite3.Connection, trigrams: bool) -> None:
    """Empty tables, in place of any that are there."""
    gone = "DELETE FROM search WHERE rowid = old.key;" if trigrams else ""
    connection.executescript(f"BEGIN; {_DROP} {_TABLES.format(search_gone=gone)} COMMIT;")
    if trigrams:
        connection.execute(_SEARCH)
