"""A position in the events topic: the next offset of each partition, and the text that a client keeps of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

_FORM = re.compile(r"([0-9a-f]{8}):((?:[0-9]{1,19})(?:\.[0-9]{1,19})*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Which events a client has: in partition p of the log, all below `offsets[p]`; none of a later partition.

    As text, `log:o0.o1.o2`: it stands in the `id` of every server-sent event, so it holds for any gateway.
    """

    log: str
    offsets: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Inverse of `str`. Raises ValueError for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("is no position: send back the id of an event of this stream, unchanged")
        return cls(match[1], tuple(int(part) for part in match[2].split(".")) if match[2] else ())

    def __str__(self) -> str:
        return f"{self.log}:{'.'.join(map(str, self.offsets))}"

    def of(self, partition: int) -> int:
        """The next offset of a partition; 0 for one that did not exist then."""
        return self.offsets[partition] if partition < len(self.offsets) else 0


def log_id(cluster_id: str, topic: str) -> str:
    """8 hex digits that tell logs apart: offsets of one cluster's topic mean nothing in another's."""
    return blake2b(f"{cluster_id}/{topic}".encode(), digest_size=4).hexdigest()


def in_order(offsets: Mapping[int, int]) -> Sequence[int]:
    """The offsets of partitions 0, 1, 2, … (Kafka numbers them without gaps)."""
    return [offsets.get(partition, 0) for partition in range(max(offsets, default=-1) + 1)]
