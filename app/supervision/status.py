"""The one line that `geonews up` keeps current: what the workers say on /metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence

import aiohttp
from prometheus_client.parser import text_string_to_metric_families


async def status_line(session: aiohttp.ClientSession, metrics_urls: Sequence[str]) -> str:
    """Counts of all workers together, such as `articles: 12 published, 3 irrelevant | waiting: 0`."""
    outcomes: Counter[str] = Counter()
    waiting = 0.0
    silent = 0
    for url in metrics_urls:
        try:
            async with session.get(url) as answer:
                counted, lag = read_metrics(await answer.text())
        except (aiohttp.ClientError, TimeoutError):
            silent += 1
            continue
        outcomes += counted
        waiting += lag
    counts = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
    line = f"articles: {counts or 'none yet'} | waiting: {waiting:,.0f}"
    return f"{line} | {silent} of {len(metrics_urls)} workers do not answer" if silent else line


def _ends_here(labels: Mapping[str, str]) -> bool:
    # What classify hands on is counted where it arrives: as an event, or as another copy of one.
    return (labels["agent"], labels["outcome"]) != ("classify", "published") and labels["outcome"] != "rekeyed"


def read_metrics(text: str) -> tuple[Counter[str], float]:
    """Articles by outcome and the records that wait, from one worker's exposition text."""
    outcomes: Counter[str] = Counter()
    waiting = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "geonews_articles_total" and sample.value:
                if _ends_here(sample.labels):
                    outcomes[sample.labels["outcome"]] += int(sample.value)
            elif sample.name == "geonews_lag_records":
                waiting += sample.value
    return outcomes, waiting
