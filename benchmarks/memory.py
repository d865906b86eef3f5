"""Bytes that a lane's memory takes for each article: `python -m benchmarks.memory [--entries 200000]`."""

import argparse
import os
import tracemalloc

from rich.console import Console
from rich.table import Table

from app.steps.dedupe import CLAIM_BYTES, SEEN_BYTES
from app.steps.memory import Entry, Memory


def bytes_per_entry(payload: int, entries: int) -> float:
    """Bytes of Python objects for each of `entries` entries with payloads of `payload` bytes."""
    memory = Memory(window_ms=3_600_000, max_entries=entries * 2)
    tracemalloc.start()
    for at_ms in range(entries):
        memory.remember([Entry(os.urandom(16), os.urandom(payload), at_ms)])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(memory)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    entries = parser.parse_args().entries
    table = Table("memory of", "payload bytes", "bytes an entry")
    for name, payload in (("classify (seen)", SEEN_BYTES), ("route (claims)", CLAIM_BYTES)):
        table.add_row(name, str(payload), f"{bytes_per_entry(payload, entries):.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
