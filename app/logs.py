"""Logging: structlog for our own lines, the same look for those of libraries. JSON lines unless on a terminal."""

import logging
import logging.config
import math
import sys
from typing import Any

import structlog

from app.settings import Settings


class _Settling(logging.Filter):
    """Drops what aiokafka says, many times a second, while the broker settles a transaction: it retries by itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(name in text for name in ("NotEnoughReplicas", "ConcurrentTransactions"))


class Repeats(logging.Filter):
    """Lets each kind of line of aiokafka's through once in `seconds`: without a broker it writes hundreds a second.

    The next line of its kind tells how many were left out.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[str, tuple[float, int]] = {}  # by template: when one was let through, how many were not since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write `record`."""
        if not record.name.startswith("aiokafka"):
            return True
        kind = f"{record.name} {record.msg}"
        at, left_out = self._last.get(kind, (-math.inf, 0))
        if record.created < at + self._seconds:
            self._last[kind] = (at, left_out + 1)
            return False
        self._last[kind] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like this)", None
        return True


def configure(settings: Settings) -> dict[str, Any]:
    """Set up structlog and the standard library's logging; returns the latter's dictConfig, which Faust wants too."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    on_terminal = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"settling": {"()": _Settling}, "repeats": {"()": Repeats}},
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "filters": ["settling", "repeats"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": settings.log_level.upper()},
        "loggers": {
            name: {"level": "WARNING"} for name in ("aiokafka", "faust", "mode", "aiohttp.access", "httpx", "httpcore")
        },
    }
    logging.config.dictConfig(config)
    return config
