"""Moments on the command line: `2h` ago, or RFC 3339."""

import re
import time
from datetime import UTC, datetime
from typing import Final

import typer

_AGO: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
HELP: Final = "2h, 30m, 7d (that long ago), or RFC 3339: 2026-01-20T10:00:00Z."


def parse_when(text: str) -> int:
    """The moment in ms since the epoch; one without an offset is UTC. Raises typer.BadParameter for anything else."""
    if ago := _AGO.fullmatch(text.strip()):
        return max(0, int(time.time() * 1000) - int(ago[1]) * _SECONDS[ago[2]] * 1000)
    try:
        moment = datetime.fromisoformat(text.strip())
        return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no moment: write {HELP}") from None


def moment(ms: int) -> str:
    """A time in ms since the epoch as RFC 3339 to the second, UTC."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"  # Kafka keeps whatever a producer writes
