"""Rebuild samples/articles.jsonl and data/labelled/ from the source files: python samples/build.py --shared DIR."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.classification.evaluation import written_id

HERE = Path(__file__).parent
LABELLED = HERE.parent / "data" / "labelled"
EVENTS = 320  # of the newest events: the rest only serves evaluation
MONTHS = ["January", "February", "March", "April", "May", "June", "July"]
MONTHS += ["August", "September", "October", "November", "December"]
WIKIPEDIA = {
    "id": "wikipedia-current-events",
    "name": "Wikipedia: Portal:Current events",
    "domain": "en.wikipedia.org",
    "country": None,
}
WRITTEN = {
    "id": "geonews-samples",
    "name": "geonews samples",
    "domain": "samples.geonews.example",
    "country": None,
}


def main() -> None:
    """Write both labelled files and the sample articles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="directory that holds data/ with the source files")
    data = parser.parse_args().shared / "data"
    events = _lines(data / "news_events_labelled.jsonl")
    written = [
        {"id": written_id(row), **row} for path in sorted((data / "written").glob("*.jsonl")) for row in _lines(path)
    ]
    LABELLED.mkdir(parents=True, exist_ok=True)
    _write(LABELLED / "events.jsonl", events)
    _write(LABELLED / "written.jsonl", written)
    articles = [*_lines(HERE / "mission.jsonl"), *_mixed(events, written)]
    _write(HERE / "articles.jsonl", articles)


def _mixed(events: list[dict[str, Any]], written: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Articles of both kinds, in an order that looks like news: languages and topics alternate."""
    newest = sorted(events, key=lambda row: (row["date"], row["id"]), reverse=True)[:EVENTS]
    made = [_event_article(row) for row in newest]
    first = datetime(2026, 1, 29, 12, tzinfo=UTC)
    made += [_written_article(row, first - timedelta(minutes=7 * at)) for at, row in enumerate(written)]
    yield from sorted(made, key=lambda article: written_id({"lang": "", "title": "", "text": article["url"]}))


def _event_article(row: dict[str, Any]) -> dict[str, Any]:
    year, month, day = row["date"].split("-")
    page = f"{year}_{MONTHS[int(month) - 1]}_{int(day)}"
    return {
        "url": f"https://en.wikipedia.org/wiki/Portal:Current_events/{page}?event={row['id']}",
        "text": row["text"],
        "source": WIKIPEDIA,
        "published_at": f"{row['date']}T12:00:00Z",
        "language": "en",
    }


def _written_article(row: dict[str, Any], published_at: datetime) -> dict[str, Any]:
    article = {
        "url": f"https://samples.geonews.example/{row['lang']}/{row['id']}",
        "title": row["title"],
        "text": row["text"],
        "source": WRITTEN,
        "published_at": published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "language": row["lang"],
    }
    if not row["title"]:
        del article["title"]
    return article


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
