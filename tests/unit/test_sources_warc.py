"""Articles out of WARC files, plain and gzip, in any encoding; what is no article is passed over."""

import gzip
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from app.errors import SourceError
from app.sources.parser import FeedParser
from app.sources.warc import WarcSource
from schemas.article import RawArticle
from tests.unit.test_sources_fulltext import PAGE

HTML = "text/html; charset=windows-1251"
ENGLISH = PAGE.replace("Переговоры", "Negotiations")
DATED = ENGLISH.replace("<nav>", "<meta property='article:published_time' content='2026-01-20T10:15:00Z'><nav>")


def archive(*pages: tuple[str, bytes, str, str], packed: bool) -> bytes:
    """A WARC file of (address, body, content type, status)."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "tests"}))
    for url, body, kind, status in pages:
        headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
        record = writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=headers)
        writer.write_record(record)
        writer.write_record(writer.create_warc_record(url, "metadata", payload=io.BytesIO(b"x: 1")))
    return file.getvalue()


async def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    async with FeedParser() as parser:
        items = [item async for item in WarcSource(path, parser, **options).items()]
    for item in items:
        RawArticle.model_validate_json(item.value)
    return [orjson.loads(item.value) for item in items]


@pytest.mark.parametrize("packed", [False, True])
async def test_pages_become_articles(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "news.warc"
    zipped = gzip.compress(DATED.encode())
    path.write_bytes(
        archive(
            ("https://paper.example/1", PAGE.encode("windows-1251"), HTML, "200 OK"),
            ("https://paper.example/2", DATED.encode(), "text/html", "200 OK"),
            ("https://paper.example/3", ENGLISH.encode(), "text/html", "404 Not Found"),
            ("https://paper.example/4", b"%PDF-1.4", "application/pdf", "200 OK"),
            ("https://paper.example/5", b"<html><body></body></html>", "text/html", "200 OK"),
            ("dns:paper.example", b"1.2.3.4", "text/dns", "200 OK"),
            ("https://paper.example/6", zipped[:40], "text/html", "200 OK"),
            packed=packed,
        )
    )
    first, second = await read(path)
    assert first["url"] == "https://paper.example/1"
    assert first["title"] == "Переговоры"
    assert "Переговоры о торговле продолжатся" in first["text"]
    assert "cookies" not in first["text"]
    assert first["fetched_at"]
    assert (second["url"], second["published_at"]) == ("https://paper.example/2", "2026-01-20T00:00:00Z")
    assert len(await read(path, limit=1)) == 1


@pytest.mark.parametrize("content", [None, b"not a WARC file at all\n", b""])
async def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "news.warc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match="no WARC file"):
        await read(path)
