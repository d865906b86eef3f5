"""GDELT's 15-minute files: the Global Knowledge Graph 2.1, one article a line, tab-separated, in a zip file."""

import html
import io
import re
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any, Final

from app.errors import SourceError
from app.sources.gdelt_names import language_code

_MOST_BYTES: Final = 256 * 1024 * 1024  # a file has 20 to 60 MB
_DATE, _COLLECTION, _NAME, _ADDRESS, _IMAGE, _TRANSLATION, _EXTRAS, _COLUMNS = 1, 2, 3, 4, 18, 25, 26, 27
_WEB: Final = "1"
_TITLE: Final = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>", re.DOTALL)
_SOURCE_LANGUAGE: Final = re.compile(r"srclc:([a-z]{2,3})")


def newest_file(listing: str) -> str | None:
    """Address of the GKG file in `lastupdate.txt`, whose lines are size, MD5 and address."""
    for line in listing.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[2].endswith(".gkg.csv.zip"):
            return parts[2]
    return None


def articles_of(body: bytes, address: str) -> list[dict[str, Any]]:
    """The web articles of a zipped GKG file that have a title, as RawArticles. Raises SourceError for no such file."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise SourceError(f"{address} holds {len(names)} files, not one")
            with archive.open(names[0]) as packed:
                data = packed.read(_MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{address} is no zip file that can be read: {error}") from error
    if len(data) > _MOST_BYTES:
        raise SourceError(f"{address} holds more than {_MOST_BYTES} bytes")
    articles = (_article(line) for line in data.decode("utf-8", "replace").split("\n") if line)
    return [article for article in articles if article]


def _article(line: str) -> dict[str, Any] | None:
    fields = line.split("\t")
    if len(fields) < _COLUMNS or fields[_COLLECTION] != _WEB:
        return None
    title = _TITLE.search(fields[_EXTRAS])
    if not title or not title.group(1).strip() or not fields[_ADDRESS].startswith(("http://", "https://")):
        return None
    spoken = _SOURCE_LANGUAGE.search(fields[_TRANSLATION])
    article = {
        "url": fields[_ADDRESS],
        "title": html.unescape(title.group(1).strip()),
        "published_at": _moment(fields[_DATE]),
        "language": language_code(spoken.group(1)) if spoken else "en",
        "image_url": fields[_IMAGE] or None,
        "source": {"name": fields[_NAME], "domain": fields[_NAME]},
    }
    return {name: value for name, value in article.items() if value}


def _moment(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    except ValueError:
        return None
