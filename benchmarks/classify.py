"""How many articles a second `geonews classify` handles on one core with the lexicon: python -m benchmarks.classify.

The transformer and the cascade are measured by benchmarks.cascade.
Seconds are CPU seconds of one pinned process and its child, so what else runs on the machine counts little.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.cli.classify import answer
from app.cli.evaluate import configured_classifier, configured_taxonomy
from app.steps.records import Inbound
from app.steps.validate import validate

SAMPLES = Path(__file__).parents[1] / "samples" / "articles.jsonl"
COMMAND = "from app.cli import main; main()"  # what the `geonews` script does
CLASSIFIER = "lexicon"
TARGET = 5_000  # articles a second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=SAMPLES, help="JSON lines of raw articles")
    parser.add_argument("--repeat", type=int, default=20, help="how often the file is read in one run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind; the median counts")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # Linux; children inherit it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines = options.file.read_bytes().splitlines()
    articles = len(lines) * options.repeat
    os.environ["GEONEWS_CLASSIFIER"] = CLASSIFIER
    seconds = _measure(lines, options.repeat, options.rounds)
    _show(seconds, articles)
    if articles / seconds["geonews classify, start included"] < TARGET:
        sys.exit(f"under {TARGET} articles/s")


def _measure(lines: list[bytes], repeat: int, rounds: int) -> dict[str, float]:
    """Median seconds of each part; the parts take turns, so that a busy moment of the machine hits them alike."""
    classifier = configured_classifier(configured_taxonomy())
    numbered = list(enumerate(lines, 1))

    def validated() -> None:
        for _ in range(repeat):
            for line in lines:
                validate(Inbound("", 0, 0, 0, None, line))

    def answered() -> None:
        for _ in range(repeat):
            for start in range(0, len(numbered), 500):
                answer(numbered[start : start + 500], classifier)

    def command() -> None:
        everything.seek(0)
        subprocess.run([sys.executable, "-c", COMMAND, "classify"], stdin=everything, stdout=nowhere, check=True)

    parts: dict[str, Callable[[], None]] = {
        "parse and validate": validated,
        "parse, validate, classify, dump": answered,
        "geonews classify, start included": command,
    }
    taken: dict[str, list[float]] = {name: [] for name in parts}
    with tempfile.TemporaryFile() as everything, Path(os.devnull).open("wb") as nowhere:
        everything.write((b"\n".join(lines) + b"\n") * repeat)
        for _ in range(rounds):
            for name, part in parts.items():
                start = _cpu_seconds()
                part()
                taken[name].append(_cpu_seconds() - start)
    return {name: statistics.median(found) for name, found in taken.items()}


def _cpu_seconds() -> float:
    """Of this process and its finished children, in user and kernel."""
    return sum(os.times()[:4])


def _show(seconds: dict[str, float], articles: int) -> None:
    table = Table("one core", "articles/s", "µs each", "times validate alone", title=f"{articles:,} articles")
    for column in table.columns[1:]:
        column.justify = "right"
    base = seconds["parse and validate"]
    for name, taken in seconds.items():
        table.add_row(name, f"{articles / taken:,.0f}", f"{taken / articles * 1e6:.0f}", f"{taken / base:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
