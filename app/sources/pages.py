"""The article out of a web page, by trafilatura; runs in the parser's process, because pages may be hostile too."""

from importlib.util import find_spec
from typing import Any, Final

from app.sources.dates import parse_date
from app.sources.decoding import decode
from app.sources.fields import domain_of, language_tag, rfc3339

MOST_CHARS: Final = 200_000


def can_read_pages() -> bool:
    """Whether the optional libraries for it are there."""
    return find_spec("trafilatura") is not None and find_spec("warcio") is not None


def text_of(page: bytes, url: str, content_type: str) -> str | None:
    """The main text of a page, paragraphs as lines, at most `MOST_CHARS` characters; None where it has none."""
    import trafilatura

    html = decode(page, content_type)
    found = trafilatura.extract(html, url=url, include_comments=False, include_tables=False, favor_precision=True)
    return found[:MOST_CHARS] if found else None


def article_of(page: bytes, url: str, content_type: str) -> dict[str, Any]:
    """What a page says of its article: title, text, day of publication and language, where it does."""
    import trafilatura

    found: Any = trafilatura.bare_extraction(
        decode(page, content_type), url=url, include_comments=False, with_metadata=True
    )
    if found is None:
        return {}
    moment = parse_date(found.date) if found.date else None
    article = {
        "title": found.title,
        "text": (found.text or "")[:MOST_CHARS],
        "published_at": rfc3339(moment) if moment else None,
        "language": language_tag(found.language),
        "authors": [found.author] if found.author else None,
        "image_url": found.image,
        "source": {"name": found.sitename, "domain": domain_of(url)} if found.sitename else None,
    }
    return {name: value for name, value in article.items() if value}
