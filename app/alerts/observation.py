"""What the detector is told of one event."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """One published event. Times are in ms since the epoch; `family` is its publisher's; `story` None: it has none."""

    id: str
    published_ms: int
    received_ms: int
    family: str
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    story: str | None = None
