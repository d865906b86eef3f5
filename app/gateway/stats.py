"""Counts over the window: by topic, by country, by minute of the last hour."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from app.gateway.store import Store

MINUTES = 60


def statistics(store: Store, topics: list[str], now: datetime) -> dict[str, Any]:
    """What `GET /v1/stats` answers. Minutes go by when Kafka got the event, oldest first, the current one last."""
    by_topic: Counter[str] = Counter(dict.fromkeys(topics, 0))
    by_country: Counter[str] = Counter()
    names: dict[str, str] = {}
    this_minute = int(now.timestamp()) // 60
    minutes = [Counter[str]() for _ in range(MINUTES)]
    totals = [0] * MINUTES
    for item in store.newest_first():
        by_topic.update(item.topics.keys())
        by_country.update(item.countries.keys())
        names |= item.countries
        age = max(0, this_minute - item.timestamp // 60_000)  # a clock ahead of ours counts as now
        if age < MINUTES:
            minutes[age].update(item.topics.keys())
            totals[age] += 1
    return {
        "events": len(store),
        "capacity": store.capacity,
        "topics": dict(by_topic),
        "countries": [{"code": code, "name": names[code], "events": n} for code, n in by_country.most_common()],
        "minutes": [
            {
                "minute": datetime.fromtimestamp((this_minute - age) * 60, UTC).isoformat().replace("+00:00", "Z"),
                "events": totals[age],
                "topics": dict(minutes[age]),
            }
            for age in range(MINUTES - 1, -1, -1)
        ],
    }
