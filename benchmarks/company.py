"""What company brings a model: python -m benchmarks.company [--classifier cascade] [--lanes 8].

As many threads as lanes ask about one article after another, each taking turns at everything else as in a worker; with
and without waiting for company. Reports articles a second, CPU time (which a busy machine disturbs least) and how long
one article took.
"""

import argparse
import statistics
import time
from concurrent.futures import Future
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.classification.base import Classifier, Document
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.delivery.turns import TakingTurns
from app.steps.records import Inbound
from app.steps.validate import validate

SAMPLES = Path(__file__).parents[1] / "samples" / "articles.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classifier", default="encoder", help="encoder, cascade or hf:PATH")
    parser.add_argument("--lanes", type=int, default=8, help="threads that ask at once")
    parser.add_argument("--texts", type=int, default=240, help="how many sample articles, shared by the lanes")
    parser.add_argument("--batch", type=int, default=1, help="articles of one lane that are asked about together")
    parser.add_argument("--threads", type=int, default=1, help="threads that the model computes with")
    parser.add_argument("--wait-ms", type=float, nargs="*", default=[0, 5, 20, 50], help="GEONEWS_MODEL_WAIT_MS")
    options = parser.parse_args()
    lines = SAMPLES.read_bytes().splitlines()[: options.texts]
    documents = [validate(Inbound("", 0, 0, 0, None, line)).document for line in lines]
    table = Table(
        "lanes", "wait", "articles/s", "CPU ms each", "median ms", "slowest of 100, ms", title=options.classifier
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for lanes, wait in [(1, None), *((options.lanes, wait) for wait in [None, *options.wait_ms])]:
        patience = None if wait is None else wait / 1000
        classifier = build_classifier(options.classifier, load_taxonomy(), options.threads, patience)
        began, cpu = time.perf_counter(), time.process_time()
        took = asked(classifier, documents, lanes, options.batch)
        rate = len(documents) / (time.perf_counter() - began)
        spent = (time.process_time() - cpu) / len(documents) * 1e3
        slowest = sorted(took)[int(len(took) * 0.99)]
        words = "alone" if wait is None else f"{wait:g} ms"
        median = statistics.median(took) * 1e3
        table.add_row(str(lanes), words, f"{rate:.1f}", f"{spent:.1f}", f"{median:.0f}", f"{slowest * 1e3:.0f}")
    Console(width=100).print(table)


def asked(classifier: Classifier, documents: list[Document], lanes: int, batch: int) -> list[float]:
    """Seconds that each call took; every lane has its share of the documents."""

    def lane(own: list[Document]) -> list[float]:
        found = []
        for start in range(0, len(own), batch):
            began = time.perf_counter()
            classifier.classify(own[start : start + batch])
            found.append(time.perf_counter() - began)
        return found

    # A lane gives its turn away only while it waits for a model: without company, one is at work until it is done.
    pool = TakingTurns(lanes, "lane")
    futures: list[Future[list[float]]] = [pool.submit(lane, documents[at::lanes]) for at in range(lanes)]
    took = [seconds for future in futures for seconds in future.result()]
    pool.shutdown()
    return took


if __name__ == "__main__":
    main()
