"""docs/metrics.md, from app/metrics.py."""

from collections.abc import Iterator

from prometheus_client.metrics import MetricWrapperBase

from app import metrics
from app.docs import header, page, row

_INTRODUCTION = """\
A worker serves these at `/metrics` of GEONEWS_WEB_PORT, the gateway at `/metrics` of GEONEWS_GATEWAY_PORT, in
Prometheus's text format. What counts articles and events moves only when a transaction has committed. Label values are
bounded: topics come from the taxonomy, stages and reasons from closed lists, partitions from Kafka. A histogram is
served as `_bucket`, `_sum` and `_count`.
"""


def document() -> str:
    """The page: one row a metric, in the order of the code."""
    lines = [*_INTRODUCTION.splitlines(), "", *header("metric", "type", "labels", "meaning")]
    lines += [row(*cells) for cells in _rows()]
    return page("Metrics", "app/metrics.py", lines)


def all_metrics() -> list[MetricWrapperBase]:
    """Every metric that app/metrics.py defines."""
    return [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for metric in all_metrics():
        [described] = metric.describe()
        suffix = "_total" if described.type == "counter" else ""
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        yield f"`{described.name}{suffix}`", described.type, labels, described.documentation
