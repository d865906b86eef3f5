"""The article out of a web page, by trafilatura; runs in the parser's process, because pages may be hostile too."""

from importlib.util import find_spec
from typing import Final

from app.sources.decoding import decode

MOST_CHARS: Final = 200_000


def can_read_pages() -> bool:
    """Whether the optional library for it is there."""
    return find_spec("trafilatura") is not None


def text_of(page: bytes, url: str, content_type: str) -> str | None:
    """The main text of a page, paragraphs as lines, at most `MOST_CHARS` characters; None where it has none."""
    import trafilatura

    html = decode(page, content_type)
    found = trafilatura.extract(html, url=url, include_comments=False, include_tables=False, favor_precision=True)
    return found[:MOST_CHARS] if found else None
