"""Parts from Kafka clients whatever state they are in."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.group import LeaveGroupRequest

_SECONDS: Final = 5.0


async def ended(closing: Coroutine[Any, Any, None], seconds: float = _SECONDS) -> None:
    """Run `closing` to its end, `seconds` at most, whatever it raises: a client of a lost broker cannot part in order.

    In a task of its own, because with a fetch under way aiokafka's `stop` lets a cancellation escape, which would
    look like one of the caller.
    """
    task = asyncio.ensure_future(closing)
    await asyncio.wait([task], timeout=seconds)
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop `consumer` and close its connections."""
    await ended(consumer.stop())
    await ended(consumer._client.close())  # left open when `stop` was cut short


async def leave_group(consumer: AIOKafkaConsumer) -> None:
    """Give up the partitions now, for good: a static member would keep them until its session expires.

    That is right for one that dies and comes back, and a gap of seconds for readers where one is told to stop.
    """
    coordinator = consumer._coordinator  # no public name leaves a group as a static member
    if coordinator is not None and coordinator.generation > 0:
        await ended(coordinator._send_req(LeaveGroupRequest(coordinator.group_id, coordinator.member_id)))
