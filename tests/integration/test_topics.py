"""Topics on a real Kafka: created once, compared ever after, never changed."""

import asyncio
import dataclasses

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions, NewTopic

from app.errors import ConfigurationError, KafkaUnavailable
from app.kafka.admin import Difference, admin_client, ensure_topics, topic_states
from app.kafka.client import client_options
from app.settings import Settings
from tests.conftest import TOPICS
from tests.kafka_tools import Put, produce, read_all

pytestmark = pytest.mark.integration


async def test_every_channel_exists_with_its_settings(settings: Settings) -> None:
    channels = settings.channels.all(TOPICS)
    states = await topic_states(settings, [channel.name for channel in channels])
    assert set(states) == {channel.name for channel in channels}
    for channel in channels:
        state = states[channel.name]
        assert (state.partitions, state.replication) == (channel.partitions or 4, 1)
        assert {name: state.config[name] for name in channel.config} == channel.config


async def test_creating_again_changes_nothing(settings: Settings) -> None:
    await produce(settings, settings.channels.raw, [b"kept"])
    assert await ensure_topics(settings, TOPICS) == []
    assert [record.value for record in await read_all(settings, settings.channels.raw)] == [b"kept"]


async def test_two_processes_may_create_at_once(bare_settings: Settings) -> None:
    results = await asyncio.gather(*(ensure_topics(bare_settings, TOPICS) for _ in range(4)))
    assert results == [[], [], [], []]


async def test_differences_are_reported_and_left_alone(bare_settings: Settings) -> None:
    events, raw = bare_settings.channels.events, bare_settings.channels.raw
    other = NewTopic(events, 2, 1, topic_configs={"retention.ms": "1000", "cleanup.policy": "compact,delete"})
    await create(bare_settings, other)
    expected = [
        Difference(events, "partitions", "4", "2"),
        Difference(events, "cleanup.policy", "delete", "compact,delete"),
        Difference(events, "retention.ms", "2592000000", "1000"),
    ]
    found = await ensure_topics(bare_settings, TOPICS)
    assert sorted(found, key=str) == sorted(expected, key=str)
    states = await topic_states(bare_settings, [events, raw])
    assert (states[events].partitions, states[events].config["retention.ms"]) == (2, "1000")
    assert states[raw].partitions == 4


async def test_state_topics_must_have_raws_partitions(settings: Settings) -> None:
    channels = settings.channels
    async with admin_client(settings) as admin:
        await admin.create_partitions({channels.raw: NewPartitions(total_count=6)})
    await until_partitions(settings, channels.raw, 6)
    found = await ensure_topics(settings.model_copy(update={"partitions": 6}), TOPICS)
    short = {difference.topic for difference in found if difference.what == "partitions"}
    assert {channels.seen, channels.claims, channels.candidates} <= short
    assert channels.raw not in short


async def test_missing_state_topics_follow_the_raw_that_exists(bare_settings: Settings) -> None:
    channels = bare_settings.channels
    raw = next(channel for channel in channels.all(TOPICS) if channel.name == channels.raw)
    await create(bare_settings, NewTopic(channels.raw, 3, 1, topic_configs=raw.config))
    assert await ensure_topics(bare_settings, TOPICS) == [Difference(channels.raw, "partitions", "4", "3")]
    states = await topic_states(bare_settings, [channels.seen, channels.claims, channels.candidates])
    assert {state.partitions for state in states.values()} == {3}


async def test_a_refused_topic_says_why(bare_settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"refuses the topic .*replication"):
        await ensure_topics(bare_settings.model_copy(update={"replication_factor": 15}), TOPICS)


async def test_no_broker_is_said_with_its_address(bare_settings: Settings) -> None:
    nowhere = bare_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:9"):
        await ensure_topics(nowhere, TOPICS)


async def test_read_all_sees_only_what_is_committed(settings: Settings) -> None:
    """The tool that other tests trust: aborted records are invisible, headers and order are kept."""
    topic = settings.channels.events
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=f"{settings.namespace}-tool")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send(topic, b"committed", partition=0)
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted", partition=0)
        await producer.abort_transaction()
    finally:
        await producer.stop()
    put = Put(b"plain", key=b"k", headers=[("h", b"1")], partition=0)
    await produce(settings, topic, [put, dataclasses.replace(put, value=b"plain 2")])
    records = await read_all(settings, topic)
    assert [record.value for record in records] == [b"committed", b"plain", b"plain 2"]
    assert (records[1].key, list(records[1].headers)) == (b"k", [("h", b"1")])
    raw = await read_all(settings, topic, isolation="read_uncommitted")
    assert [record.value for record in raw] == [b"committed", b"aborted", b"plain", b"plain 2"]


async def create(settings: Settings, topic: NewTopic) -> None:
    async with admin_client(settings) as admin:
        await admin.create_topics([topic])
    await until_partitions(settings, topic.name, topic.num_partitions)


async def until_partitions(settings: Settings, topic: str, count: int) -> None:
    """The controller answers before the broker has heard of it."""
    async with asyncio.timeout(15):
        while True:
            state = (await topic_states(settings, [topic])).get(topic)
            if state and state.partitions == count:
                return
            await asyncio.sleep(0.05)
