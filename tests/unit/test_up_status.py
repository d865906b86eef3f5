"""The status line of `geonews up` counts what workers say on /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from app import metrics
from app.steps.outgoing import Outcome
from app.supervision.status import read_metrics


def test_each_article_counts_once_where_its_way_ends() -> None:
    registry = CollectorRegistry()
    articles = Counter("geonews_articles", "In.", ["agent", "outcome"], registry=registry)
    articles.labels("classify", "published").inc(4)
    articles.labels("classify", "rekeyed").inc(5)
    articles.labels("classify", "dead_lettered").inc(2)
    articles.labels("classify", "duplicates").inc(6)
    articles.labels("route", "published").inc(3)
    articles.labels("route", "duplicates").inc(1)
    articles.labels("route", "irrelevant").inc(0)
    lag = Gauge("geonews_lag_records", "Lag.", ["agent", "partition"], registry=registry)
    for partition, waiting in enumerate((4, 5)):
        lag.labels("classify", str(partition)).set(waiting)
    Counter("geonews_fetches", "Other.", ["result"], registry=registry).labels("ok").inc(7)

    outcomes, lag_records = read_metrics(generate_latest(registry).decode())
    assert outcomes == {"published": 3, "dead_lettered": 2, "duplicates": 7}
    assert lag_records == 9


def test_the_metrics_are_those_that_workers_have() -> None:
    """Renamed there, they would read as nothing here."""
    assert next(iter(metrics.ARTICLES.describe())).name == "geonews_articles"
    assert next(iter(metrics.LAG_RECORDS.describe())).name == "geonews_lag_records"
    assert Outcome("rekeyed")
    assert Outcome("published")
