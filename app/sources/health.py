"""How a source is doing, as a record of `geonews.sources.v1`."""

from datetime import UTC, datetime

from app.sources.catalogue import CatalogueSource
from app.sources.state import SourceState
from schemas.source_health import SourceHealth, Status


def status_of(state: SourceState, now: float) -> Status:
    """One word for it."""
    if state.gone:
        return "gone"
    if state.failures:
        return "failing"
    if state.succeeded_at is None:
        return "new"
    return "silent" if state.record.is_silent(now) else "ok"


def health_of(source: CatalogueSource, state: SourceState, worker: str, now: float) -> SourceHealth:
    """The whole report. `now` is in seconds since the epoch."""
    record = state.record
    return SourceHealth(
        id=source.id,
        name=source.name,
        url=state.address,
        domain=source.domain,
        country=source.country,
        language=source.language,
        tier=source.tier,
        status=status_of(state, now),
        failures=state.failures,
        problem=state.problem,
        detail=state.detail,
        last_attempt=_moment(state.attempted_at),
        last_success=_moment(state.succeeded_at),
        last_article=_moment(record.news_at),
        staleness_seconds=None if record.news_at is None else round(max(0.0, now - record.news_at), 1),
        articles_last_day=record.last_day(now),
        usual_per_day=record.usual_per_day(now),
        entries=state.entries,
        without_address=state.without_address,
        future_dates=state.future_dates,
        old_dates=state.old_dates,
        interval_seconds=round(state.interval, 1),
        next_poll=None if state.gone else _moment(state.next_at),
        worker=worker,
        at=datetime.fromtimestamp(now, UTC),
    )


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
