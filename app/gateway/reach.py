"""The recent window of several topics at once, as few round trips as can be: a restart is short."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from aiokafka import TopicPartition

from app.gateway.reader import Offsets, Records, TopicReader


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last `records` of a topic's partitions together, none before `since_ms` (epoch)."""

    records: int
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What was found, up to `ends`; of each partition everything from its floor on."""

    records: dict[TopicPartition, Records]
    floors: Offsets
    ends: Offsets


async def read_window(reader: TopicReader, wanted: Mapping[str, Wanted]) -> Window:
    """The window of the reader's topics. Afterwards the reader stands at `ends`."""
    # Offsets are asked for before anything is fetched: a fetch that waits for records holds up what comes after it.
    places = await reader.partitions()
    ends = await reader.ends(places)
    oldest = await reader.beginnings(places)
    for since_ms in {want.since_ms for want in wanted.values()} - {0}:
        bounded = {place: ends[place] for place in places if wanted[place.topic].since_ms == since_ms}
        for place, offset in (await reader.at_time(since_ms, bounded)).items():
            oldest[place] = max(oldest[place], offset)
    floors, found = dict(ends), {place: Records() for place in places}
    reach = {topic: ceil(2 * want.records / _partitions(topic, places)) for topic, want in wanted.items()}
    while missing := [place for place in places if _lacks(place, wanted, found, floors, oldest)]:
        # Transaction markers take offsets too, and partitions differ in size: reach back until there is enough.
        lower = {place: max(oldest[place], ends[place] - reach[place.topic]) for place in missing}
        reader.seek(ends | lower)
        older = await reader.until({place: floors[place] for place in missing})
        for place in missing:
            found[place] = older[place] + found[place]
        floors |= lower
        for topic in {place.topic for place in missing}:
            reach[topic] *= 4
    return Window(found, floors, ends)


def _partitions(topic: str, places: list[TopicPartition]) -> int:
    return max(1, len([place for place in places if place.topic == topic]))


def _lacks(
    place: TopicPartition,
    wanted: Mapping[str, Wanted],
    found: Mapping[TopicPartition, Records],
    floors: Offsets,
    oldest: Offsets,
) -> bool:
    """Whether this partition has more, and its topic has not enough yet."""
    enough = wanted[place.topic].records
    held = sum(len(records) for other, records in found.items() if other.topic == place.topic)
    return floors[place] > oldest[place] and held < enough
