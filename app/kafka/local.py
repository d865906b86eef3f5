"""A one-node KRaft Kafka on this machine, from Maven jars."""

from pathlib import Path


def running_bootstrap(home: Path) -> str | None:
    """`host:port` of the local broker whose state lies under `home`, or None when none runs."""
    del home
    return None
