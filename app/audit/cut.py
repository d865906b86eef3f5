"""A consistent cut through a running system: which offsets of which partitions the audit judges.

What the groups have committed is read first, the ends of the logs afterwards: every transaction below the cut has
written all its records below those ends. Then the audit waits until each of those transactions is decided.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from app.delivery.agent import group_name
from app.errors import AuditImpossible, KafkaUnavailable
from app.kafka.reader import KafkaReader, Offsets, Span
from app.settings import Settings
from schemas.channels import DAY_MS, Channels

# Clocks of workers may differ by this much.
SKEW_MS: Final = 60_000
_POLL_SECONDS: Final = 0.1
_MARKERS_SECONDS: Final = 5.0


@dataclass(slots=True)
class Cut:
    """What to read, [start, end) for each partition, and up to where each input partition was processed.

    `horizon_ms` (epoch, 0: none): older transactions are not judged, because the caller said so or because what they
    wrote has expired. `truncated` holds the partitions whose first records have expired.
    """

    channels: Channels
    topics: dict[str, list[TopicPartition]]
    committed: dict[TopicPartition, int | None] = field(default_factory=dict)
    starts: Offsets = field(default_factory=dict)
    ends: Offsets = field(default_factory=dict)
    truncated: set[TopicPartition] = field(default_factory=set)
    horizon_ms: int = 0

    @property
    def inputs(self) -> list[TopicPartition]:
        """Every partition that lanes read."""
        return [*self.topics[self.channels.raw], *self.topics[self.channels.candidates]]

    @property
    def event_topics(self) -> dict[str, str]:
        """The channel of each topic of the taxonomy that Kafka has one for: channel name to topic."""
        prefix, suffix = self.channels.events_of("\0").split("\0")
        named = {name: name[len(prefix) : -len(suffix)] for name in self.topics if name.startswith(prefix)}
        return {name: topic for name, topic in named.items() if topic and name.endswith(suffix)}

    def committed_at(self, place: TopicPartition) -> int:
        """The offset up to which the records of an input partition were processed."""
        at = self.committed[place]
        return self.starts[place] if at is None else at

    def spans(self, *topics: str) -> dict[TopicPartition, Span]:
        """What to read of these topics."""
        return {place: (self.starts[place], self.ends[place]) for topic in topics for place in self.topics[topic]}


async def take_cut(reader: KafkaReader, settings: Settings, since_ms: int | None, wait_seconds: float) -> Cut:
    """Decide what to judge, after waiting up to `wait_seconds` for lanes that have records waiting.

    Raises KafkaUnavailable when topics are missing, AuditImpossible when a transaction stays open.
    """
    cut = Cut(settings.channels, await reader.topics(f"{settings.namespace}."))
    _require(cut)
    await _idle(reader, cut, settings, wait_seconds)
    cut.committed = await committed_offsets(reader, cut, settings)
    everything = [place for topic in _written(cut) for place in cut.topics[topic]]
    cut.ends = await reader.written_ends(everything)
    # Events before candidates before raw: what an event came from then lies below the ends.
    for topic in (cut.channels.candidates, cut.channels.raw):
        cut.ends |= await reader.written_ends(cut.topics[topic])
    await _settled(reader, cut.ends, max(wait_seconds, settings.transaction_timeout_ms / 1000 + _MARKERS_SECONDS))
    log_starts = await reader.starts(cut.ends)
    cut.truncated = {place for place, start in log_starts.items() if start}
    cut.horizon_ms = max(since_ms or 0, await _expired_before(reader, cut, log_starts))
    cut.starts = log_starts
    if cut.horizon_ms:
        outputs = [place for topic in _written(cut) for place in cut.topics[topic]]
        cut.starts |= await reader.at_time(outputs, max(0, cut.horizon_ms - SKEW_MS), cut.ends)
        cut.starts |= await reader.at_time(cut.topics[cut.channels.candidates], cut.horizon_ms, cut.ends)
    return cut


def _require(cut: Cut) -> None:
    channels = cut.channels
    wanted = (channels.raw, channels.candidates, channels.events, channels.dead_letters, channels.ledger)
    if missing := [topic for topic in wanted if topic not in cut.topics]:
        raise KafkaUnavailable(f"topics are missing: {', '.join(missing)}: run `geonews topics create`")


def _written(cut: Cut) -> list[str]:
    """Everything that lanes write and the audit reads, but for their inputs."""
    channels = cut.channels
    return [channels.ledger, channels.dead_letters, channels.events, *cut.event_topics]


async def committed_offsets(reader: KafkaReader, cut: Cut, settings: Settings) -> dict[TopicPartition, int | None]:
    """What the lanes' groups have committed now."""
    # Route before classify: no candidate counts as routed before it counts as written.
    route = await reader.group_offsets(group_name(settings, "route"), cut.topics[cut.channels.candidates])
    return route | await reader.group_offsets(group_name(settings, "classify"), cut.topics[cut.channels.raw])


async def _idle(reader: KafkaReader, cut: Cut, settings: Settings, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        committed = await committed_offsets(reader, cut, settings)
        ends = await reader.written_ends(cut.inputs)
        starts = await reader.starts(cut.inputs)
        # A lane commits the offset after its last record; commit markers behind it are no records.
        if all(ends[p] == starts[p] or (committed[p] or 0) >= ends[p] for p in cut.inputs):
            return
        if not await _has_records(reader, {p: (committed[p] or starts[p], ends[p]) for p in cut.inputs}):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _has_records(reader: KafkaReader, spans: dict[TopicPartition, Span]) -> bool:
    stable = await reader.stable_ends(spans)
    if any(stable[place] < end for place, (_, end) in spans.items()):
        return True
    async for _, records in reader.records(spans):
        if records:
            return True
    return False


async def _settled(reader: KafkaReader, ends: Offsets, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while late := {place: end for place, end in ends.items() if (await reader.stable_ends([place]))[place] < end}:
        if time.monotonic() > deadline:
            where = ", ".join(f"{place.topic}-{place.partition}" for place in late)
            raise AuditImpossible(
                f"a transaction is still open after {seconds:.0f} s in {where}: start the workers, or wait until the "
                "broker aborts it (GEONEWS_TRANSACTION_TIMEOUT_MS), then audit again"
            )
        await asyncio.sleep(_POLL_SECONDS)
        ends = late


async def _expired_before(reader: KafkaReader, cut: Cut, log_starts: Offsets) -> int:
    """Since when (ms, epoch) everything that lanes wrote is still there; 0 when nothing has expired."""
    outputs = [place for topic in (*_written(cut)[1:], cut.channels.candidates) for place in cut.topics[topic]]
    expired = [place for place in outputs if place in cut.truncated]
    kept = {place: (log_starts[place], cut.ends[place]) for place in expired}
    firsts: dict[TopicPartition, int] = {}
    async for place, records in reader.records({place: span for place, span in kept.items() if span[0] < span[1]}):
        firsts.setdefault(place, records[0].timestamp)
        if len(firsts) == len(kept):
            break
    return max(_horizons(cut.channels, expired, firsts), default=0)


def _horizons(channels: Channels, expired: Iterable[TopicPartition], firsts: Offsets) -> Iterable[int]:
    retention = {channel.name: channel.config.get("retention.ms") for channel in channels.all([])}
    for place in expired:
        if place in firsts:
            yield firsts[place] + SKEW_MS
        else:  # all of it has expired
            yield int(time.time() * 1000) - int(retention.get(place.topic) or 30 * DAY_MS)
