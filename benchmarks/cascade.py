"""How fast lexicon, transformer and cascade are on one core, beside raw ONNX Runtime: python -m benchmarks.cascade.

Texts are those of samples/articles.jsonl. Seconds are CPU seconds of this process, pinned to one core, so what else
runs on the machine counts little. "raw" is the model's session on batches that were tokenised and padded beforehand.
Memory and the time to be ready are of a fresh process each.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from app.classification.base import Document
from app.classification.cascade import CascadeClassifier
from app.classification.encoder import MODEL_FILE, Encoder, batches, encoder_directory, open_session
from app.classification.registry import FAST, build_classifier
from app.classification.taxonomy import load_taxonomy
from app.classification.tokens import Tokens
from app.steps.records import Inbound
from app.steps.validate import validate

SAMPLES = Path(__file__).parents[1] / "samples" / "articles.jsonl"
NAMES = ("lexicon", "encoder", "cascade", FAST)
FRESH = """\
import re, sys, time
from pathlib import Path
start = time.perf_counter()
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.steps.classify import CANARY
classifier = build_classifier(sys.argv[1], load_taxonomy())
classifier.classify([CANARY])
ready = time.perf_counter() - start
classifier.classify([CANARY] * 200)
# The high-water mark of this program alone: getrusage's includes what the process was before it became this.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(ready, int(peak[1]) / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2_000, help="at most so many sample articles")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # Linux; children inherit it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    documents = _documents(options.texts)
    classifiers = {name: build_classifier(name, load_taxonomy()) for name in NAMES}
    encoder = Encoder.load(encoder_directory())
    parts: dict[str, Callable[[], Any]] = {
        name: partial(classifier.classify, documents) for name, classifier in classifiers.items()
    }
    parts |= {"encoder, logits alone": partial(encoder.logits, documents), "raw ONNX Runtime": _raw(documents)}
    seconds = {name: statistics.median(_timed(part) for _ in range(options.rounds)) for name, part in parts.items()}
    _show(seconds, len(documents))
    for name in ("cascade", FAST):
        cascade = classifiers[name]
        assert isinstance(cascade, CascadeClassifier)
        print(name, "decides by", dict(Counter(judgement.stage for judgement in cascade.judge(documents))))
    _show_fresh()


def _documents(count: int) -> list[Document]:
    lines = SAMPLES.read_bytes().splitlines()[:count]
    return [validate(Inbound("", 0, 0, 0, None, orjson.dumps(orjson.loads(line)))).document for line in lines]


def _raw(documents: list[Document]) -> Callable[[], Any]:
    session: Any = open_session(encoder_directory() / MODEL_FILE, 1)
    tokens = Tokens.load(encoder_directory())
    rows = [window.ids for own in tokens.windows(documents) for window in own]
    feeds = [tokens.padded([rows[at] for at in places]) for places in batches([len(row) for row in rows])]
    return lambda: [session.run(["logits"], {"input_ids": ids, "attention_mask": mask}) for ids, mask in feeds]


def _timed(part: Callable[[], Any]) -> float:
    start = time.process_time()
    part()
    return time.process_time() - start


def _show(seconds: dict[str, float], count: int) -> None:
    table = Table("one core", "articles/s", "ms each", "times the encoder", title=f"{count:,} articles")
    for column in table.columns[1:]:
        column.justify = "right"
    base = seconds["encoder"]
    for name, taken in seconds.items():
        table.add_row(name, f"{count / taken:,.0f}", f"{taken / count * 1e3:.2f}", f"{base / taken:.2f}")
    Console(width=100).print(table)


def _show_fresh() -> None:
    table = Table("fresh process", "ready after s", "peak MiB")
    for name in ("lexicon", "cascade"):
        ready, peak = subprocess.run(
            [sys.executable, "-c", FRESH, name], capture_output=True, text=True, check=True
        ).stdout.split()
        table.add_row(name, f"{float(ready):.1f}", f"{float(peak):.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
