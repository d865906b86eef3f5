"""Lists as JSON, NDJSON or CSV, as the request's `Accept` or `format` asks."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from app.gateway.problem import NotAcceptable

Format = Literal["json", "csv", "ndjson"]
MEDIA: Final[dict[Format, str]] = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
}
_NAMES: Final[dict[str, Format]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "text/csv": "csv",
    "text/*": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/json-lines": "ndjson",
}
# A spreadsheet takes a cell that begins so for something to compute, or to fetch.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def chosen(request: web.Request, given: Format | None) -> Format:
    """The format that the request prefers. Raises NotAcceptable."""
    if given is not None:
        return given
    best: tuple[float, float, Format] | None = None
    for quality, specific, media in _accepted(request.headers.get("Accept") or "*/*"):
        name = _NAMES.get(media)
        if name is not None and quality > 0 and (best is None or (quality, specific) > best[:2]):
            best = (quality, specific, name)
    if best is None:
        raise NotAcceptable(", ".join(MEDIA.values()))
    return best[2]


def _accepted(header: str) -> Iterable[tuple[float, float, str]]:
    """(quality, how specific, media type) of each range of an `Accept` header."""
    for part in header.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        yield quality, 2.0 - media.count("*"), media


def ndjson(rows: Iterable[bytes]) -> bytes:
    """One record a line."""
    return b"".join(row + b"\n" for row in rows)


def csv_of(rows: Sequence[bytes], kind: str) -> bytes:
    """A header and one row a record, in UTF-8, as RFC 4180 has it; lists in a cell are separated by `;`."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = COLUMNS[kind]
    writer.writerow(columns)
    for row in rows:
        record = orjson.loads(row)
        writer.writerow([safe_cell(_cell(record, column)) for column in columns])
    return text.getvalue().encode("utf-8", "replace")


COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "event": (
        "id", "published_at", "title", "summary", "url", "language", "source.id", "source.name", "source.domain",
        "source.country", "source.family", "source.tier", "topics.topic", "topics.score", "countries.code", "sectors",
        "people.name", "organisations.name", "importance", "deal_stage", "war_facets", "version", "supersedes",
        "processed_at",
    ),
    "story": (
        "id", "version", "status", "title", "language", "topics", "countries", "sectors", "importance",
        "article_count", "corroboration", "languages", "first_seen", "last_seen", "merged_into", "split_from", "at",
    ),
    "alert": (
        "id", "kind", "title", "at", "subject", "value", "state", "since", "until", "observed", "expected",
        "probability", "source", "baseline_per_day", "stories", "events",
    ),
    "source": (
        "id", "name", "url", "domain", "country", "language", "tier", "status", "failures", "problem", "last_attempt",
        "last_success", "last_article", "articles_last_day", "usual_per_day", "interval_seconds", "next_poll", "at",
    ),
}  # fmt: skip


def _cell(record: Any, path: str) -> Any:
    """The value at a dotted path; of a list of parts, that of each."""
    for name in path.split("."):
        if isinstance(record, list):
            record = [part.get(name) for part in record]
        else:
            record = record.get(name) if isinstance(record, dict) else None
    return record


def safe_cell(value: Any) -> str | int | float:
    """A cell that no spreadsheet computes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value
    text = ";".join(str(part) for part in value) if isinstance(value, list) else str(value)
    text = text.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
