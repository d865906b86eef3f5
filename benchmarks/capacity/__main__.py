"""Capacity on paper, from figures measured now: `python -m benchmarks.capacity [--markdown]`.

Measures what one article costs (CPU by stage and in a whole worker, bytes by topic), then finds by simulation how many
workers 10 million and 1 billion articles a day need, with failures, a burst and the hours of the day, and by arithmetic
what that means for Kafka. docs/capacity.md holds its tables and says what follows.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from benchmarks.capacity.figures import OF_EVENTS, Figures, measure
from benchmarks.capacity.plan import Plan, Prices, plan

DAYS = (100_000.0, 10_000_000.0, 1_000_000_000.0)


def figures_table(figures: Figures, classifier: str) -> list[Sequence[str]]:
    """Rows: what, of one article, and how many a core does in a second."""
    rows: list[Sequence[str]] = [(f"one article, {classifier}", "CPU", "articles/s and core")]
    for stage, spent in figures.stages.items():
        of = " (of a relevant one)" if stage in OF_EVENTS else ""
        rows.append((stage + of, f"{spent * 1e6:.0f} µs", f"{1 / spent:,.0f}"))
    rows.append(("whole worker, Kafka included", f"{figures.worker * 1e6:.0f} µs", f"{1 / figures.worker:,.0f}"))
    return rows


def bytes_table(figures: Figures) -> list[Sequence[str]]:
    """Rows: what Kafka keeps of one article, compressed."""
    return [
        ("record", "bytes, lz4"),
        ("raw article", f"{figures.bytes_raw:,.0f}"),
        ("candidate, of a relevant article", f"{figures.bytes_candidate:,.0f}"),
        ("event, in each of its channels", f"{figures.bytes_event:,.0f}"),
        ("channels of an event", f"{1 + figures.event_topics:.2f}"),
    ]


def plan_table(plans: Sequence[Plan]) -> list[Sequence[str]]:
    """Rows: one for each quantity, a column for each plan."""

    def row(name: str, form: str, values: Sequence[float]) -> Sequence[str]:
        return (name, *(format(value, form) for value in values))

    return [
        row("articles a day", ",.0f", [each.per_day for each in plans]),
        row("articles/s, busiest hour", ",.0f", [each.peak for each in plans]),
        row("workers (one core each)", ",d", [each.workers for each in plans]),
        row("partitions of raw", ",d", [each.partitions for each in plans]),
        row("late, 99.9% of the time (s)", ".0f", [each.late.p999 for each in plans]),
        row("late, worst second (s)", ".0f", [each.late.worst for each in plans]),
        row("into Kafka (MB/s)", ",.1f", [each.mb_in for each in plans]),
        row("out of Kafka (MB/s)", ",.1f", [each.mb_out for each in plans]),
        row("brokers (4 cores each)", ",d", [each.brokers for each in plans]),
        row("disk, all replicas (TB)", ",.2f", [each.disk_tb for each in plans]),
        row("between zones in a month (TB)", ",.1f", [each.cross_zone_tb for each in plans]),
        row("a month, at the prices given", ",.0f", [each.cost for each in plans]),
    ]


def show(rows: Sequence[Sequence[str]], *, markdown: bool) -> None:
    """Print a table whose first row is its head."""
    if markdown:
        lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines), end="\n\n")
        return
    table = Table(*rows[0])
    for line in rows[1:]:
        table.add_row(*line)
    Console().print(table)


def main() -> None:
    """Measure, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classifier", default="lexicon", help="lexicon (default), cascade or encoder")
    parser.add_argument("--articles", type=int, default=4000, help="samples for the stages (4000)")
    parser.add_argument("--delivered", type=int, default=20_000, help="articles through a real worker (20000)")
    parser.add_argument("--relevant", type=float, default=0.15, help="share of articles that become events (0.15)")
    parser.add_argument("--raw-bytes", type=float, help="bytes of a raw article in Kafka, instead of the samples'")
    parser.add_argument("--core", type=float, default=25.0, help="price of a core for a month")
    parser.add_argument("--tb", type=float, default=80.0, help="price of a TB of disk for a month")
    parser.add_argument("--cross-zone-gb", type=float, default=0.01, help="price of a GB between zones")
    parser.add_argument("--markdown", action="store_true", help="tables for docs/capacity.md")
    given = parser.parse_args()
    figures = measure(given.classifier, given.articles, given.delivered, given.relevant)
    if given.raw_bytes:
        figures = replace(figures, bytes_raw=given.raw_bytes)
    prices = Prices(given.core, given.tb, given.cross_zone_gb)
    plans = [plan(per_day, figures, given.relevant, prices) for per_day in DAYS]
    show(figures_table(figures, given.classifier), markdown=given.markdown)
    show(bytes_table(figures), markdown=given.markdown)
    show(plan_table(plans), markdown=given.markdown)


if __name__ == "__main__":
    main()
