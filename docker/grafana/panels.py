"""What a dashboard is made of: panels with their queries, in rows."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: `queries` are pairs of PromQL and legend; `about` says what to look for."""

    title: str
    unit: str
    about: str
    queries: Sequence[tuple[str, str]]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; its file is named as its `uid`."""

    uid: str
    title: str
    rows: Sequence[tuple[str, Sequence[Panel]]]


def quantiles(histogram: str, by: str = "", share: float = 0.95) -> list[tuple[str, str]]:
    """Median, p95 and p99 of a histogram over the last minutes, or one `share` for each value of the label `by`."""
    labels, legend = (f"le, {by}", f"{{{{{by}}}}} ") if by else ("le", "")
    rate = f"sum by ({labels}) (rate({histogram}_bucket[$__rate_interval]))"
    shares = (share,) if by else (0.5, 0.95, 0.99)
    return [(f"histogram_quantile({share}, {rate})", f"{legend}p{share * 100:g}") for share in shares]


def rate(counter: str, *by: str, where: str = "") -> list[tuple[str, str]]:
    """A counter's increase in a second, by labels."""
    legend = " ".join(f"{{{{{label}}}}}" for label in by) or counter
    grouped = f" by ({', '.join(by)})" if by else ""
    return [(f"sum{grouped} (rate({counter}{where}[$__rate_interval]))", legend)]
