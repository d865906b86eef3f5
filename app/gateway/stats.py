"""What `GET /v1/stats` says of the index's sums."""

from datetime import UTC, datetime, timedelta

from app.gateway.index.counting import Counts
from app.gateway.models import Minute, NamedTally, Stats, Tally

MOST_SOURCES = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def statistics(counts: Counts, topics: list[str], this_minute: int, minutes: int) -> Stats:
    """The answer; minutes are counted since the epoch, `this_minute` is the last of `minutes`.

    What a clock ahead of ours has stamped counts as now.
    """
    by_topic = dict.fromkeys(topics, 0) | {value: number for value, _, number in counts.by_tag.get("topic", [])}
    later = [minute for minute in counts.by_minute if minute > this_minute]
    by_minute, topics_of = dict(counts.by_minute), {m: dict(t) for m, t in counts.by_minute_and_topic.items()}
    for minute in later:
        by_minute[this_minute] = by_minute.get(this_minute, 0) + by_minute[minute]
        now = topics_of.setdefault(this_minute, {})
        for topic, number in topics_of.get(minute, {}).items():
            now[topic] = now.get(topic, 0) + number
    return Stats(
        events=counts.events,
        stories=counts.held["story"],
        alerts=counts.held["alert"],
        oldest=_moment(counts.oldest),
        newest=_moment(counts.newest),
        topics=[Tally(value=value, events=number) for value, number in by_topic.items()],
        countries=_named(counts.by_tag.get("country", [])),
        languages=[Tally(value=value, events=n) for value, _, n in counts.by_tag.get("language", [])],
        sources=_named(counts.by_tag.get("publisher", [])[:MOST_SOURCES]),
        minutes=[
            Minute(
                minute=_EPOCH + timedelta(minutes=minute),
                events=by_minute.get(minute, 0),
                topics=topics_of.get(minute, {}),
            )
            for minute in range(this_minute - minutes + 1, this_minute + 1)
        ],
    )


def _named(tallies: list[tuple[str, str | None, int]]) -> list[NamedTally]:
    return [NamedTally(value=value, name=label or value, events=number) for value, label, number in tallies]


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
