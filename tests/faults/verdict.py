"""What came of a fault: every text that went in compared with every event that came out, read_committed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.audit import audit
from app.errors import KafkaUnavailable
from app.kafka.admin import admin_client, topic_states
from app.kafka.client import client_options
from app.settings import Settings
from schemas.dead_letter import DeadLetterHeaders, Reason
from tests.conftest import TOPICS
from tests.faults.articles import Expected

COUNTS: Final = ("records", "published", "duplicates", "irrelevant", "dead_lettered", "rekeyed")


@dataclass(slots=True)
class Verdict:
    """What is wrong, if anything: `lost` and `duplicated` name texts and channels, `audit` is what the audit finds."""

    events: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything came out once, and nothing else."""
        return not (self.lost or self.duplicated or self.unexpected or self.dead_letters or self.audit)

    def __str__(self) -> str:
        found = (self.lost, self.duplicated, self.unexpected, self.dead_letters, self.audit)
        wrong = [line for kind in found for line in kind[:5]]
        counts = f"events={self.events} lost={len(self.lost)} duplicated={len(self.duplicated)}"
        return "\n  ".join([counts, *wrong])


async def judge(settings: Settings, expected: Expected, poisoned: Sequence[bytes] = ()) -> Verdict:
    """Compare the output channels with what was expected; `poisoned` values must be dead letters as step-failed."""
    verdict = Verdict()
    chosen = await _compare(settings, settings.channels.events, expected, set(expected.groups), verdict)
    verdict.events = len(chosen)
    for topic in TOPICS:
        wanted = {key for key, topics in expected.topics.items() if topic in topics}
        there = await _compare(settings, settings.channels.events_of(topic), expected, wanted, verdict)
        verdict.unexpected += [
            f"{topic}: {key.hex()} under another id" for key, one in there.items() if one != chosen.get(key, one)
        ]
    await _compare_dead_letters(settings, expected, poisoned, verdict)
    report = await audit(settings)
    verdict.audit += [str(finding) for finding in report.findings]
    verdict.audit += [f"unbalanced: {b.what}: {b.left} and {b.right}" for b in report.balances if not b.holds]
    return verdict


async def _compare(
    settings: Settings, channel: str, expected: Expected, wanted: set[bytes], verdict: Verdict
) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    async for record in committed_records(settings, channel):
        event = orjson.loads(record.value)["id"]
        text = expected.text_of.get(event)
        place = f"{channel} {record.partition}@{record.offset}: {event}"
        if text is None or text not in wanted or record.key != event.encode():
            verdict.unexpected.append(f"unexpected at {place}")
        elif text in found:
            verdict.duplicated.append(f"twice: {place} after {found[text]}")
        else:
            found[text] = event
    for text in wanted - found.keys():
        verdict.lost.append(f"not in {channel}: {sorted(expected.groups[text])}")
    return found


async def _compare_dead_letters(
    settings: Settings, expected: Expected, poisoned: Sequence[bytes], verdict: Verdict
) -> None:
    wanted = Counter([*((value, False) for value in expected.invalid), *((value, True) for value in poisoned)])
    found: Counter[tuple[bytes, bool]] = Counter()
    async for record in committed_records(settings, settings.channels.dead_letters):
        reason = DeadLetterHeaders.from_headers(record.headers).reason
        found[record.value or b"", reason is Reason.STEP_FAILED] += 1
    verdict.dead_letters += [f"dead letter missing: {what!r} x{count}" for what, count in (wanted - found).items()]
    verdict.dead_letters += [f"dead letter too many: {what!r} x{count}" for what, count in (found - wanted).items()]


async def ledger_counts(settings: Settings, topic: str) -> Counter[str]:
    """The ledger's counts for one input topic, summed."""
    counts: Counter[str] = Counter()
    async for record in committed_records(settings, settings.channels.ledger):
        entry = orjson.loads(record.value)
        if entry["topic"] == topic:
            counts.update({name: entry[name] for name in COUNTS})
    return counts


# -- reading Kafka -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _reader(settings: Settings, topic: str) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    state = (await topic_states(settings, [topic])).get(topic)
    assert state is not None, f"no topic {topic}"
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(state.partitions)]
        consumer.assign(partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()


async def committed_records(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord[Any, Any]]:
    """Every committed record of a topic up to its last stable offsets now, one batch at a time."""
    async with _reader(settings, topic) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        waiting = set(partitions)
        while waiting:
            for records in (await consumer.getmany(*waiting, timeout_ms=200, max_records=5000)).values():
                for record in records:
                    yield record
            waiting = {place for place in waiting if await consumer.position(place) < ends[place]}


async def drained(settings: Settings, seconds: float = 60.0) -> None:
    """Return when both groups have committed everything that lies on their input. Fails after `seconds`."""
    channels = settings.channels
    inputs = ((f"{settings.namespace}-classify", channels.raw), (f"{settings.namespace}-route", channels.candidates))
    try:
        async with asyncio.timeout(seconds):
            for group, topic in inputs:  # the second gets nothing new once the first is done
                while not await _is_drained(settings, group, topic):  # noqa: ASYNC110 - Kafka is what is waited for
                    await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"input still waits after {seconds} s") from None


async def drained_topic(settings: Settings, group: str, topic: str, seconds: float = 60.0) -> None:
    """Return when `group` has committed everything that lies on `topic`. Fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await _is_drained(settings, group, topic):  # noqa: ASYNC110 - Kafka is what is waited for
            await asyncio.sleep(0.2)


async def _is_drained(settings: Settings, group: str, topic: str) -> bool:
    """Wait until `topic` is drained; False, early, when a broker that comes back does not know everything yet."""
    try:
        async with admin_client(settings) as admin, _reader(settings, topic) as (consumer, partitions):
            while await _waiting(admin, group, consumer, partitions) != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    except (KafkaError, KafkaUnavailable):
        return False
    return True


async def _waiting(
    admin: AIOKafkaAdminClient, group: str, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]
) -> int:
    """How many partitions hold committed records that `group` has not committed; -1 when that is not known yet."""
    ends = await consumer.end_offsets(partitions)
    committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
    if len(committed) < len(partitions):  # a coordinator that loads its groups says nothing of them
        return -1
    behind = 0
    for place in partitions:
        behind += await _holds_records(consumer, place, max(0, committed[place].offset), ends)
    # A lane that hands a record to another partition does so while it commits: only a stable end counts.
    return behind or (0 if await consumer.end_offsets(partitions) == ends else -1)


async def _holds_records(
    consumer: AIOKafkaConsumer, place: TopicPartition, offset: int, ends: Mapping[TopicPartition, int]
) -> bool:
    # Behind the last record lie the markers of transactions, which no group ever commits.
    consumer.seek(place, offset)
    while offset < ends[place]:
        if await consumer.getmany(place, timeout_ms=200, max_records=1):
            return True
        offset = await consumer.position(place)
    return False
