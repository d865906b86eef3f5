"""What finding countries and sectors costs, beside the cheapest thing that can be done with a text: reading it once.

python -m benchmarks.enrich
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from app.classification.base import Document
from app.steps import countries, sectors
from app.steps.gazetteer import scan
from app.steps.matcher import Folded

DATA = Path(__file__).parents[1] / "data" / "countries" / "labelled.jsonl"


def seconds(documents: list[Document], rounds: int, work: Callable[[Document], object]) -> float:
    """Each document's best time, added up: what else the machine does then hardly shows."""
    total = 0.0
    for document in documents:
        best = float("inf")
        for _ in range(rounds):
            start = time.perf_counter()
            work(document)
            best = min(best, time.perf_counter() - start)
        total += best
    return total


def enrich(document: Document) -> None:
    found = scan(document)
    countries.find(document, found)
    sectors.find(document, found)


def grown(row: dict[str, str], characters: int) -> Document:
    """The article, repeated and cut to so many characters."""
    text = row["text"]
    return Document(row["title"], "", (text + " ") * (characters // len(text) + 1))


def main() -> None:
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    scan(Document("", "", "ready"))
    for name, chosen in {
        "all": rows,
        "en": [r for r in rows if r["lang"] == "en"],
        "uk, ru": [r for r in rows if r["lang"] in {"uk", "ru"}],
        "zh, ja": [r for r in rows if r["lang"] in {"zh", "ja"}],
    }.items():
        documents = []
        for row in chosen:
            whole = grown(row, 1000)
            documents.append(Document(whole.title, "", whole.text[: 1000 - len(whole.title)], row["lang"]))
        count = len(documents)
        fold = seconds(documents, 5, lambda d: Folded(d.title + d.text)) / count
        full = seconds(documents, 5, enrich) / count
        print(f"{name:8} 1,000 characters: fold {fold * 1e3:.3f} ms, all {full * 1e3:.3f} ms, {full / fold:.1f} x fold")


if __name__ == "__main__":
    main()
