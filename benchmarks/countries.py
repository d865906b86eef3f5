"""Precision, recall and F1 of the countries on data/countries/labelled.jsonl, tuning half and held-out half.

python -m benchmarks.countries [--errors tune|held-out]
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from app.steps.country_scores import CountryScores, evaluate_countries

DATA = Path(__file__).parents[1] / "data" / "countries" / "labelled.jsonl"


def line(name: str, scores: CountryScores) -> str:
    return (
        f"{name:26} articles {scores.articles:4}  exact {scores.exact:4}  "
        f"precision {scores.precision:.3f}  recall {scores.recall:.3f}  F1 {scores.f1:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=["tune", "held-out"], help="print every article with an error")
    arguments = parser.parse_args()
    rows = [json.loads(row) for row in DATA.read_text("utf-8").splitlines()]
    for split in ("tune", "held-out"):
        half = [row for row in rows if row["split"] == split]
        print(line(split, evaluate_countries(half)))
        print(line(f"{split}, language unknown", evaluate_countries(half, with_language=False)))
    by_language: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        by_language[row["lang"]].append(row)
    print(" ".join(f"{lang} {evaluate_countries(some).f1:.2f}" for lang, some in sorted(by_language.items())))
    if arguments.errors:
        for name, missed, extra in evaluate_countries(r for r in rows if r["split"] == arguments.errors).wrong:
            print(f"missed {missed} extra {extra}: {name[:100]}")


if __name__ == "__main__":
    main()
