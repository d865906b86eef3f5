"""A position in the channels that are streamed: the next offset of each partition, and the text that a client keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

STREAMED = ("events", "stories", "alerts")
Place = tuple[int, int]  # index in STREAMED, partition
_GROUP = r"(?:[0-9]{1,19}(?:\.[0-9]{1,19})*)?"
PATTERN = rf"^[0-9a-f]{{8}}:{_GROUP}(/{_GROUP}){{0,{len(STREAMED) - 1}}}$"
_FORM = re.compile(rf"([0-9a-f]{{8}}):({_GROUP}(?:/{_GROUP}){{0,{len(STREAMED) - 1}}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Which records a client has: of each channel in `STREAMED`, in partition p, all below `offsets[channel][p]`.

    As text, `log:o0.o1/s0.s1/a0`: it stands in the `id` of every server-sent event, so it holds for any gateway.
    """

    log: str
    offsets: tuple[tuple[int, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Inverse of `str`. Raises ValueError for anything else."""
        match = _FORM.fullmatch(text) if len(text) < 100_000 else None
        if match is None:
            raise ValueError("is no position: send back the id of an event of this stream, unchanged")
        groups = match[2].split("/")
        return cls(match[1], tuple(tuple(map(int, group.split("."))) if group else () for group in groups))

    @classmethod
    def at(cls, log: str, offsets: Mapping[Place, int]) -> Self:
        """The position of one that has everything below these offsets (Kafka numbers partitions without gaps)."""
        sizes = [0] * len(STREAMED)
        for channel, partition in offsets:
            sizes[channel] = max(sizes[channel], partition + 1)
        return cls(
            log, tuple(tuple(offsets.get((channel, p), 0) for p in range(size)) for channel, size in enumerate(sizes))
        )

    def __str__(self) -> str:
        return f"{self.log}:{'/'.join('.'.join(map(str, group)) for group in self.offsets)}"

    def of(self, place: Place) -> int:
        """The next offset of a partition; 0 for one that did not exist then."""
        channel, partition = place
        group = self.offsets[channel] if channel < len(self.offsets) else ()
        return group[partition] if partition < len(group) else 0

    def places(self) -> dict[Place, int]:
        """Every partition's offset."""
        return {(channel, p): offset for channel, group in enumerate(self.offsets) for p, offset in enumerate(group)}


def log_id(cluster_id: str, namespace: str) -> str:
    """8 hex digits that tell logs apart: offsets of one cluster's topics mean nothing in another's."""
    return blake2b(f"{cluster_id}/{namespace}".encode(), digest_size=4).hexdigest()
