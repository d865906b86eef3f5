"""Traces of articles, by setting: from where they came in, through the lanes, to the gateway's stream.

The W3C context travels in Kafka headers whether or not anybody collects traces. With GEONEWS_OTLP_ENDPOINT each process
also reports its part as OpenTelemetry spans, under the very ids that the headers carry:

    ingest ─► process (its id: the event's `traceparent`) ─► deliver, one for each gateway

Spans are made when their work is over and Kafka has it, so that nothing is told of what was aborted. Whether a trace is
reported follows from its id: all processes choose the same ones.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from app import __version__
from app.errors import ConfigurationError
from app.settings import Settings
from app.steps.outgoing import Decided, Outgoing
from app.steps.trace import next_hop

log = structlog.get_logger(__name__)
_TRACES: Final = "/v1/traces"
_MS: Final = 1_000_000  # nanoseconds
_collectors: list["Collector"] = []


class Collector:
    """Sends spans to an OTLP endpoint from a thread of its own; what it cannot send is dropped, and logged by it."""

    def __init__(self, endpoint: str, share: float, worker: str) -> None:
        try:
            from opentelemetry import trace as api
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import ReadableSpan
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ConfigurationError(f"GEONEWS_OTLP_ENDPOINT needs `pip install geonews[otel]` ({error})") from error
        self._api, self._span = api, ReadableSpan
        url = endpoint if endpoint.endswith(_TRACES) else endpoint.rstrip("/") + _TRACES
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url))
        about = {"service.name": "geonews", "service.version": __version__, "service.instance.id": worker}
        self._resource = Resource.create(about)
        self._below = int(share * 2**56)

    def span(
        self, name: str, own: str, parent: str | None, times_ms: tuple[float, float], about: Mapping[str, Any]
    ) -> None:
        """Report a span that is over; `own` and `parent` are traceparents, `times_ms` since the epoch."""
        if not self._is_chosen(own):
            return
        began, ended = times_ms
        span = self._span(
            name,
            context=self._context(own),
            parent=self._context(parent) if parent else None,
            resource=self._resource,
            attributes=about,
            kind=self._api.SpanKind.CONSUMER if parent else self._api.SpanKind.PRODUCER,
            start_time=int(began * _MS),
            end_time=int(max(began, ended) * _MS),
        )
        self._processor.on_end(span)

    def flush(self) -> None:
        """Send what waits."""
        self._processor.force_flush()

    def _is_chosen(self, traceparent: str) -> bool:
        # As W3C recommends, chance stands in the last seven bytes of a trace id.
        return int(traceparent[21:35], 16) < self._below

    def _context(self, traceparent: str) -> Any:
        flags = self._api.TraceFlags(self._api.TraceFlags.SAMPLED)
        return self._api.SpanContext(
            int(traceparent[3:35], 16), int(traceparent[36:52], 16), is_remote=True, trace_flags=flags
        )


def start(settings: Settings) -> None:
    """Collect this process's spans from now on, where the settings say so. Raises ConfigurationError."""
    if settings.otlp_endpoint and not _collectors:
        _collectors.append(Collector(settings.otlp_endpoint, settings.trace_share, settings.worker_id))


def stop() -> None:
    """Send what waits, and collect no more."""
    while _collectors:
        _collectors.pop().flush()


def ingested(traceparent: bytes, kind: str, url: str | None, began_ms: float) -> None:
    """Kafka has an article that a source of this `kind` gave."""
    for collector in _collectors:
        about = {"geonews.source.kind": kind, "url.full": url or ""}
        collector.span("ingest", traceparent.decode(), None, (began_ms, _now_ms()), about)


def ingested_together(records: Iterable[Outgoing], began: float) -> None:
    """A transaction with these raw articles, begun at `began` (seconds since the epoch), is committed."""
    if _collectors:
        for record in records:
            ingested(dict(record.headers)["traceparent"], "feed", None, began * 1000)


def published(decided: Decided) -> None:
    """The events of a transaction are committed."""
    if not _collectors:
        return
    for event, article in zip(_events(decided.outgoing), decided.published, strict=False):
        about = {"geonews.article": event["ce_id"], "geonews.topics": article.topics, "url.full": event["ce_subject"]}
        for collector in _collectors:
            times = (article.received_ms, _now_ms())
            collector.span("process", event["traceparent"], event["ce_traceparent"], times, about)


def delivered(headers: Iterable[tuple[str, bytes]], committed_ms: float) -> None:
    """A gateway has an event, committed at `committed_ms`, ready for its stream."""
    for collector in _collectors:
        known = {name: value.decode("utf-8", "replace") for name, value in headers}
        if parent := known.get("traceparent"):
            about = {"geonews.article": known.get("ce_id", "")}
            collector.span("deliver", next_hop(parent), parent, (committed_ms, _now_ms()), about)


def is_on() -> bool:
    """Whether anybody collects."""
    return bool(_collectors)


def _events(outgoing: Sequence[Outgoing]) -> Iterable[dict[str, str]]:
    """Headers of each event once: it goes to several topics, under one span."""
    last = ""
    for record in outgoing:
        headers = {name: value.decode() for name, value in record.headers if name.startswith(("ce_", "traceparent"))}
        if "ce_traceparent" in headers and headers["traceparent"] != last:
            last = headers["traceparent"]
            yield headers


def _now_ms() -> float:
    return time.time() * 1000
