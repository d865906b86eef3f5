"""The status line of `geonews up` counts what workers say on /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from app.supervision.status import read_metrics


def test_outcomes_and_lag_are_summed_over_their_labels() -> None:
    registry = CollectorRegistry()
    articles = Counter("geonews_articles_in", "In.", ["outcome"], registry=registry)
    articles.labels("published").inc(3)
    articles.labels("dead_lettered").inc(2)
    articles.labels("duplicates").inc(0)
    lag = Gauge("geonews_lag_records", "Lag.", ["agent", "partition"], registry=registry)
    for partition, waiting in enumerate((4, 5)):
        lag.labels("classify", str(partition)).set(waiting)
    Counter("geonews_fetches", "Other.", ["result"], registry=registry).labels("ok").inc(7)

    outcomes, lag_records = read_metrics(generate_latest(registry).decode())
    assert outcomes == {"published": 3, "dead_lettered": 2}
    assert lag_records == 9
