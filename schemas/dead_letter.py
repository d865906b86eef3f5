"""Dead letters: the original key and bytes untouched, with headers that say what, where and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

PREFIX = "geonews.error."
# On a record that `geonews replay` sent back: the dead letter that it was, and how often it had been tried until then.
REPLAYED_FROM = "geonews.replayed-from"
ATTEMPTS = "geonews.attempts"


class Reason(StrEnum):
    """Why a record was dead-lettered: the closed list. Each says what the producer can do about it."""

    EMPTY_VALUE = "empty-value"  # the record has no value (a tombstone or zero bytes)
    TOO_LARGE = "too-large"  # the value exceeds 1 MiB
    NOT_UTF8 = "not-utf8"  # the value is not UTF-8
    NOT_JSON = "not-json"  # the value is not JSON, or nests too deep
    NOT_AN_OBJECT = "not-an-object"  # the JSON is not an object
    INVALID_FIELD = "invalid-field"  # a field breaks the RawArticle schema
    INVALID_URL = "invalid-url"  # no usable http(s) address with a host
    NO_TEXT = "no-text"  # title, text and summary hold no text once markup is removed
    STEP_FAILED = "step-failed"  # a step raised for this record alone: a defect of geonews, please report
    UNDELIVERED = "undelivered"  # an alert that a webhook did not take, however often it was offered


class Stage(StrEnum):
    """The stage at which a record was dead-lettered; the same verbs name step files, agents and metric labels."""

    VALIDATE = "validate"
    DEDUPE = "dedupe"
    CLASSIFY = "classify"
    ENRICH = "enrich"
    ROUTE = "route"
    STORIES = "stories"
    WEBHOOKS = "webhooks"


# What a producer of articles can do wrong.
ARTICLE_REASONS = frozenset(Reason) - {Reason.STEP_FAILED, Reason.UNDELIVERED}


@dataclass(frozen=True, slots=True)
class DeadLetterHeaders:
    """What the `geonews.error.*` headers say; `timestamp` is the record's own, in ms since the epoch."""

    stage: Stage
    reason: Reason
    error_class: str
    message: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    attempts: int = 1

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers, UTF-8; unencodable characters of a message are escaped, never lost."""
        fields = {
            "stage": self.stage.value,
            "reason": self.reason.value,
            "class": self.error_class,
            "message": self.message,
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
            "timestamp": str(self.timestamp),
            "attempts": str(self.attempts),
        }
        return [(PREFIX + name, text.encode("utf-8", "backslashreplace")) for name, text in fields.items()]

    @classmethod
    def from_headers(cls, headers: list[tuple[str, bytes]] | tuple[tuple[str, bytes], ...]) -> Self:
        """Inverse of `to_headers`. Raises KeyError or ValueError for a record that is no dead letter of ours."""
        values = {name[len(PREFIX) :]: raw.decode() for name, raw in headers if name.startswith(PREFIX)}
        return cls(
            stage=Stage(values["stage"]),
            reason=Reason(values["reason"]),
            error_class=values["class"],
            message=values["message"],
            topic=values["topic"],
            partition=int(values["partition"]),
            offset=int(values["offset"]),
            timestamp=int(values["timestamp"]),
            attempts=int(values["attempts"]),
        )


def attempts_before(headers: Iterable[tuple[str, bytes]]) -> int:
    """How often a record was tried before it was replayed, as its header says; 0 for a record that never was."""
    for name, value in headers:
        if name == ATTEMPTS and value is not None and value.isdigit() and len(value) < 7:
            return int(value)
    return 0
