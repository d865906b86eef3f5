"""Creates geonews's topics, and reports where existing ones differ from the contract; it never changes them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from app.errors import ConfigurationError, KafkaUnavailable
from app.kafka.client import bootstrap_servers, client_options
from app.settings import Settings
from schemas.channels import Channel

_VISIBLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which an existing topic is not as the contract wants it. `what` is a setting or "partitions"."""

    topic: str
    what: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker has it: counts, and every setting's value in force."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


async def ensure_topics(settings: Settings, topics: Sequence[str]) -> list[Difference]:
    """Create the channels that are missing, for a taxonomy with these `topics`; returns how existing ones differ.

    Nothing that exists is changed. Returns when every channel has leaders. Raises KafkaUnavailable when no broker
    answers, ConfigurationError when the broker refuses a topic.
    """
    channels = settings.channels.all(topics)
    async with admin_client(settings) as admin:
        found = await _states(admin, [channel.name for channel in channels])
        missing = [channel for channel in channels if channel.name not in found]
        if missing:
            raw = found.get(settings.channels.raw)
            await _create(admin, missing, settings, raw.partitions if raw else settings.partitions)
            await _wait_for_leaders(admin, [channel.name for channel in missing])
    return differences(channels, found, settings)


async def topic_states(settings: Settings, names: Iterable[str]) -> dict[str, TopicState]:
    """Those of the named topics that exist. Raises KafkaUnavailable when no broker answers."""
    async with admin_client(settings) as admin:
        return await _states(admin, list(names))


async def delete_topics(settings: Settings, names: Iterable[str]) -> None:
    """Delete topics with all their records; for tests and throw-away namespaces."""
    async with admin_client(settings) as admin:
        await admin.delete_topics(list(names))


def differences(channels: Sequence[Channel], found: Mapping[str, TopicState], settings: Settings) -> list[Difference]:
    """Where the topics that exist differ from the channels; topics that do not exist are no difference."""
    raw = found.get(settings.channels.raw)
    result = []
    for channel in channels:
        state = found.get(channel.name)
        if state is None:
            continue
        partitions = channel.partitions or (raw.partitions if channel.follows_raw and raw else settings.partitions)
        wanted = {"partitions": str(partitions), "replication factor": str(settings.replication_factor)}
        wanted |= channel.config
        has = {"partitions": str(state.partitions), "replication factor": str(state.replication)} | dict(state.config)
        result += [
            Difference(channel.name, what, value, has.get(what, "not set"))
            for what, value in wanted.items()
            if _normal(has.get(what, "")) != _normal(value)
        ]
    return result


def _normal(value: str) -> list[str]:
    # `cleanup.policy` is a set: compact,delete is delete,compact.
    return sorted(part.strip() for part in value.split(","))


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client. Raises KafkaUnavailable with the address when no broker answers."""
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=20_000)
    try:
        await admin.start()
    except KafkaConnectionError as error:
        await admin.close()
        address = bootstrap_servers(settings)
        raise KafkaUnavailable(
            f"no Kafka answers at {address} ({error}): check GEONEWS_KAFKA_BOOTSTRAP and "
            "GEONEWS_KAFKA_SECURITY_PROTOCOL"
        ) from error
    try:
        yield admin
    finally:
        await admin.close()


async def _states(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, TopicState]:
    # Asked for all topics, never by name: asking for a missing one by name creates it on brokers that allow that.
    present = [topic for topic in await admin.describe_topics() if topic["topic"] in set(names)]
    if not present:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic["topic"]) for topic in present]
    configs: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for error_code, _, _, name, entries in response.resources:
            if error_code:
                raise for_code(error_code)(name)
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return {topic["topic"]: _state(topic, configs.get(topic["topic"], {})) for topic in present}


def _state(topic: dict[str, Any], config: dict[str, str]) -> TopicState:
    partitions = topic["partitions"]
    replication = min((len(partition["replicas"]) for partition in partitions), default=0)
    return TopicState(topic["topic"], len(partitions), replication, config)


async def _create(
    admin: AIOKafkaAdminClient, channels: Sequence[Channel], settings: Settings, raw_partitions: int
) -> None:
    response = await admin.create_topics(
        [
            NewTopic(
                channel.name,
                channel.partitions or (raw_partitions if channel.follows_raw else settings.partitions),
                settings.replication_factor,
                topic_configs=channel.config,
            )
            for channel in channels
        ]
    )
    for name, code, message in response.topic_errors:
        # Another process may have created it in the meantime; the next run compares it.
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise ConfigurationError(f"Kafka refuses the topic {name}: {message or for_code(code).__name__}")


async def _wait_for_leaders(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    waiting: set[str] = set()
    try:
        async with asyncio.timeout(_VISIBLE_SECONDS):
            while True:
                led = {
                    topic["topic"]
                    for topic in await admin.describe_topics()
                    if topic["partitions"] and all(partition["leader"] >= 0 for partition in topic["partitions"])
                }
                waiting = set(names) - led
                if not waiting:
                    return
                await asyncio.sleep(0.1)
    except (TimeoutError, KafkaError) as error:
        raise KafkaUnavailable(
            f"topics without leaders after {_VISIBLE_SECONDS:.0f} s: {', '.join(sorted(waiting))}"
        ) from error
