"""What enrichment costs: countries, sectors, people, organisations, stages, sides of the war.

Beside it the cheapest thing that can be done with a text: reading it once.

python -m benchmarks.enrich
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from app.classification.base import Document, Evidence
from app.steps import countries, entities, facets, sectors
from app.steps.gazetteer import scan
from app.steps.matcher import Folded

# As many spans as a topic usually has.
EVIDENCE = tuple(Evidence("text", at, at + 10, "x" * 10) for at in (20, 300, 700))
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
    entities.find(document, found)
    facets.deal_stage(document, found, EVIDENCE)
    facets.war_facets(document, found, EVIDENCE)


def grown(row: dict[str, str], characters: int) -> Document:
    """The article, repeated and cut to so many characters."""
    text = row["text"]
    return Document(row["title"], "", (text + " ") * (characters // len(text) + 1))


def main() -> None:
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    scan(Document("", "", "ready"))
    for name, chosen, characters in (
        ("all", rows, 1000),
        ("all", rows, 3000),
        ("en", [r for r in rows if r["lang"] == "en"], 1000),
        ("uk, ru", [r for r in rows if r["lang"] in {"uk", "ru"}], 1000),
        ("zh, ja", [r for r in rows if r["lang"] in {"zh", "ja"}], 1000),
    ):
        documents = []
        for row in chosen:
            whole = grown(row, characters)
            documents.append(Document(whole.title, "", whole.text[: characters - len(whole.title)], row["lang"]))
        count = len(documents)
        fold = seconds(documents, 5, lambda d: Folded(d.title + d.text)) / count
        full = seconds(documents, 5, enrich) / count
        print(f"{name:7} {characters:5,} characters: fold {fold * 1e3:.3f} ms, all {full * 1e3:.3f} ms", end="")
        print(f", {full / fold:.1f} x fold")


if __name__ == "__main__":
    main()
