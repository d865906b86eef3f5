"""An alert when a source that used to publish falls silent: one for each silence."""

from datetime import UTC, datetime
from hashlib import blake2b

from app.sources.catalogue import CatalogueSource
from app.sources.state import SourceState
from schemas.alert import SourceSilent


def alert_of(source: CatalogueSource, state: SourceState, now: float) -> SourceSilent | None:
    """The alert that is due now, or None; the state remembers for which silence it was raised.

    A source that fails is not silent: that it fails is said in its health.
    """
    since, usual = state.record.news_at, state.record.usual_per_day(now)
    if since is None or usual is None or state.failures or state.gone or state.alerted_for == since:
        return None
    if not state.record.is_silent(now):
        return None
    state.alerted_for = since
    return SourceSilent(
        id=blake2b(f"source-silent {source.id} {since}".encode(), digest_size=16).hexdigest(),
        title=f"{source.name} has published nothing for {_span(now - since)}",
        source=source.id,
        since=datetime.fromtimestamp(since, UTC),
        baseline_per_day=round(usual, 2),
        at=datetime.fromtimestamp(now, UTC),
    )


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
