"""What Faust's tables and commits make of a transactional topic; see docs/decisions/0009-stories.md.

Run from a checkout, with a broker running (`geonews kafka start`): `python -m benchmarks.faust_tables`, and again with
`exactly_once` behind it.
"""

import asyncio
import sys
import tempfile
import uuid
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.kafka.client import bootstrap_servers
from app.settings import get_settings


async def produce(servers: str, topic: str) -> None:
    """Three records committed, three aborted, three committed: 9 records, and 3 control records behind them."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-p")
    await producer.start()
    for name, commits in (("first", True), ("aborted", False), ("second", True)):
        await producer.begin_transaction()
        for number in range(3):
            await producer.send_and_wait(topic, f"{name} {number}".encode(), key=name.encode())
        await (producer.commit_transaction() if commits else producer.abort_transaction())
    await producer.stop()


async def main(guarantee: str) -> None:
    """Run an agent with a table over the topic for a while, and print what it saw, kept and committed."""
    servers = bootstrap_servers(get_settings())
    name = f"t{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await produce(servers, name)
    app = faust.App(
        name,
        broker=f"kafka://{servers}",
        datadir=tempfile.mkdtemp(),
        store="memory://",
        web_enabled=False,
        topic_partitions=1,
        topic_replication_factor=1,
        processing_guarantee=guarantee,
        broker_commit_interval=0.5,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic(name, value_type=bytes, key_type=bytes, value_serializer="raw", key_serializer="raw")
    table = app.Table("seen", default=int, partitions=1)
    seen: list[str] = []

    @app.agent(topic)
    async def count(stream: Any) -> None:
        async for value in stream:
            seen.append(value.decode())
            if value == b"second 0":
                raise RuntimeError("a step fails for this record")
            table[value.split()[0].decode()] += 1

    async with asyncio.timeout(90):
        await app.start()
        await asyncio.sleep(20)
        print(f"processing_guarantee={guarantee}")
        print("  seen:", seen)
        print("  table:", dict(table))
        await app.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=name, enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(name, 0)
    print("  committed offset:", await consumer.committed(place), "of", (await consumer.end_offsets([place]))[place])
    await consumer.stop()
    await admin.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "at_least_once"))
