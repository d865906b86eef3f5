"""What a consumer group has committed, told apart from what its coordinator does not know yet."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NotCoordinatorForGroupError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

_RETRY_SECONDS: Final = 0.05


async def committed_offset(consumer: AIOKafkaConsumer, group: str, place: TopicPartition) -> int | None:
    """The offset that `committed` finds."""
    return (await committed(consumer, group, place))[0]


async def committed(consumer: AIOKafkaConsumer, group: str, place: TopicPartition) -> tuple[int | None, str]:
    """The offset that `group`, of which `consumer` is a member, has committed for `place`, and the note beside it.

    None: it never committed there.

    The client's own `committed()` overlooks errors of the group as a whole: while a coordinator loads its groups, as
    after a broker's restart, it says None, and a lane that believed it would begin at the beginning. This one asks
    again, for as long as the caller lets it. Raises KafkaError for what time will not cure.
    """
    coordinator = consumer._coordinator
    request = OffsetFetchRequest(group, [(place.topic, [place.partition])])
    while True:
        await coordinator.ensure_coordinator_known()
        try:
            return _read(await coordinator._send_req(request), place)
        except KafkaError as error:
            if not error.retriable:
                raise
            if isinstance(error, NotCoordinatorForGroupError):
                coordinator.coordinator_dead()  # it is looked up anew
        await asyncio.sleep(_RETRY_SECONDS)


def _read(response: Any, place: TopicPartition) -> tuple[int | None, str]:
    found = [
        (error_code, offset, note)
        for topic, partitions in response.topics
        for partition, offset, note, error_code in partitions
        if (topic, partition) == place
    ]
    code = response.error_code or (found[0][0] if found else 0)
    if code:
        raise for_code(code)()
    if not found:
        raise KafkaError(f"the answer about committed offsets leaves out {place.topic}-{place.partition}")
    offset = int(found[0][1])
    return offset if offset >= 0 else None, found[0][2] or ""
