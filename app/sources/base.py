"""The extension point: what a source of articles is."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Item:
    """One article on its way to the raw topic.

    `value` is a RawArticle in JSON, or whatever the source found in its place: the pipeline judges it. `url` is the
    article's own, where one can be read; it decides key and partition. `acknowledged` is called once Kafka has the
    record for certain, so that a source can remember what it need not send again.
    """

    value: bytes
    url: str | None = None
    acknowledged: Callable[[], None] = _nothing


class Source(Protocol):
    """A stream of articles. Iterating again after an error gives all that was not acknowledged, maybe more again."""

    @property
    def kind(self) -> str:
        """Label of the metric `geonews_ingested`: "file", "feed", …"""

    @property
    def name(self) -> str:
        """What people call it: a path, an address."""

    def items(self) -> AsyncGenerator[Item, None]:
        """Yield articles as they come; ends when there will be no more.

        Raises SourceError when the source cannot be read now.
        """
