"""Peer: a naive Faust agent, at least once. `python -m benchmarks.delivery.peer_faust BOOTSTRAP NAMESPACE`."""

import sys
from typing import Any

import faust

from benchmarks.delivery.work import work
from schemas.channels import Channels


def main(bootstrap: str, namespace: str) -> None:
    """Run until killed."""
    channels = Channels(namespace)
    app = faust.App(
        f"{namespace}-faust",
        broker=f"kafka://{bootstrap}",
        processing_guarantee="at_least_once",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        producer_acks=-1,
        stream_wait_empty=True,
        consumer_auto_offset_reset="earliest",
        value_serializer="raw",
        key_serializer="raw",
        datadir=f"/tmp/{namespace}-faust",
    )
    raw = app.topic(channels.raw, value_type=bytes, key_type=bytes)
    outputs = {
        name: app.topic(name, value_type=bytes, key_type=bytes)
        for name in (channels.events, channels.events_of("trade-deals"))
    }
    steps = work(namespace)

    @app.agent(raw)
    async def publish(values: Any) -> None:
        async for value in values:
            for out in steps(value):
                await outputs[out.topic].send(key=out.key, value=out.value, headers=dict(out.headers))

    faust.Worker(app, loglevel="WARNING", quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
