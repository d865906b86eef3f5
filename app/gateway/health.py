"""The latest word on each source, from `geonews.sources.v1`."""

from dataclasses import dataclass

from pydantic import ValidationError

from app.gateway.item import fold, one_line
from app.metrics import GATEWAY_SKIPPED
from schemas.source_health import SourceHealth


@dataclass(frozen=True, slots=True)
class HealthEntry:
    """One source: as a model for filters, and its JSON as it came."""

    health: SourceHealth
    words: str
    json: bytes


class HealthBoard:
    """Some hundreds of sources, by id."""

    def __init__(self) -> None:
        self._entries: dict[str, HealthEntry] = {}

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """A record of the channel; one without a value takes the source off the board."""
        if value is None:
            self._entries.pop((key or b"").decode("utf-8", "replace"), None)
            return
        try:
            health = SourceHealth.model_validate_json(value)
            entry = HealthEntry(health, fold(health.name), one_line(value))
        except (ValidationError, ValueError):
            GATEWAY_SKIPPED.labels("sources").inc()
            return
        self._entries[health.id] = entry

    def entries(self) -> list[HealthEntry]:
        """All sources, by id."""
        return [self._entries[name] for name in sorted(self._entries)]
