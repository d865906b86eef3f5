"""Plain values that unit tests make: records, articles, verdicts. No Kafka, no files."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from app.classification.base import Document, Evidence, ModelInfo, TopicScore, Verdict
from app.steps.identity import canonical_url, home_partition, url_key
from app.steps.records import Article, Inbound
from app.steps.validate import validate

NOW = datetime(2026, 1, 20, 10, 15, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
RAW = "geonews.raw.v1"
LONG = "The two governments signed the memorandum in Ottawa on Tuesday; tariffs on cars and batteries will fall soon."
_offsets = itertools.count()


def raw(path: str = "a", **fields: Any) -> dict[str, Any]:
    """A RawArticle about a trade deal, as JSON would give it; `fields` replace or add."""
    return {"url": f"https://news.example/{path}", "title": f"A deal {path}", "text": f"{LONG} {path}"} | fields


def inbound(value: Any, *, partition: int = 0, **fields: Any) -> Inbound:
    """A record of the raw topic; a dict becomes JSON, anything else is the value itself."""
    encoded = orjson.dumps(value) if isinstance(value, dict) else value
    given: dict[str, Any] = {"timestamp": NOW_MS, "key": b"k", "offset": next(_offsets)} | fields
    return Inbound(topic=RAW, partition=partition, value=encoded, **given)


def at_home(value: dict[str, Any], partitions: int, **fields: Any) -> Inbound:
    """`inbound` on the partition that the article's URL belongs to."""
    home = home_partition(url_key(canonical_url(value["url"])), partitions)
    return inbound(value, partition=home, **fields)


def article(path: str = "a", **fields: Any) -> Article:
    """A valid article."""
    return validate(inbound(raw(path, **fields)))


class WordClassifier:
    """One topic, trade-deals, for every title that holds "deal". Raises RuntimeError for one that holds "poison"."""

    def __init__(self) -> None:
        self.is_broken = False

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("words", "1", "1")

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        return [self._verdict(document) for document in documents]

    def _verdict(self, document: Document) -> Verdict:
        if self.is_broken or "poison" in document.title:
            raise RuntimeError(f"cannot classify {document.title!r}")
        at = document.title.find("deal")
        if at < 0:
            return Verdict((TopicScore("davos", 0.2, 0.5),), "words")
        return Verdict((TopicScore("trade-deals", 0.9, 0.5, (Evidence("title", at, at + 4, "deal"),)),), "words")
