"""Peer: Quix Streams, exactly once, with its own state for de-duplication.

`python -m benchmarks.delivery.peer_quix BOOTSTRAP NAMESPACE`
"""

import sys
import tempfile
from typing import Any

from quixstreams import Application

from benchmarks.delivery.work import work
from schemas.channels import Channels


def main(bootstrap: str, namespace: str) -> None:
    """Run until killed."""
    channels = Channels(namespace)
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"{namespace}-quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=tempfile.mkdtemp(prefix="geonews-quix-"),
        loglevel="WARNING",
    )
    raw = app.topic(channels.raw, key_deserializer="bytes", value_deserializer="bytes")
    steps = work(namespace)

    def process(value: bytes, state: Any) -> list[tuple[str, bytes | None]]:
        # A state that survives, as the lanes' does; the key of a raw record is its URL's.
        if state.exists("seen"):
            return []
        state.set("seen", True)
        return [(out.topic, out.value) for out in steps(value)]

    rows = app.dataframe(raw).apply(process, stateful=True, expand=True)
    for name in (channels.events, channels.events_of("trade-deals")):
        output = app.topic(name, key_serializer="bytes", value_serializer="bytes")
        mine = rows.filter(lambda row, name=name: row[0] == name)
        mine.apply(lambda row: row[1]).to_topic(output)
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
