"""Reads what is remembered of sources: the latest record of each key of the state topic."""

import hashlib
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.kafka.client import client_options
from app.kafka.closing import close_consumer
from app.settings import Settings
from app.sources.catalogue import CatalogueSource
from app.sources.hosts import host_of
from schemas.channels import STATE_MESSAGE_BYTES


def shard_of(url: str, shards: int) -> int:
    """The shard that polls a source. By host: all feeds of one host are polled by one worker, which can be polite."""
    return int.from_bytes(hashlib.blake2b(host_of(url).encode(), digest_size=4).digest(), "big") % shards


def sources_of(sources: Iterable[CatalogueSource], shard: int, shards: int) -> list[CatalogueSource]:
    """Those of one shard."""
    return [source for source in sources if shard_of(source.url, shards) == shard]


async def read_states(settings: Settings, place: TopicPartition) -> dict[str, bytes]:
    """The latest committed value of each source id in a partition.

    Call after the shard's transactional id was taken: then no transaction of a previous owner is open any more.
    """
    return await read_latest(settings, [place])


async def read_latest(settings: Settings, places: list[TopicPartition]) -> dict[str, bytes]:
    """The latest committed value of each key, over some partitions, up to their ends now."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=STATE_MESSAGE_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        latest: dict[str, bytes] = {}
        waiting = {place for place in places if ends[place]}
        while waiting := {place for place in waiting if await consumer.position(place) < ends[place]}:
            for records in (await consumer.getmany(*waiting, timeout_ms=200, max_records=5000)).values():
                for record in records:
                    if record.key is None:
                        continue
                    latest.pop(key := record.key.decode("utf-8", "replace"), None)
                    if record.value is not None:
                        latest[key] = record.value
        return latest
    finally:
        await close_consumer(consumer)
