"""How often the stage of a trade deal and the sides of the war are found as labelled in data/facets.

python -m benchmarks.facets [--errors tune|held-out]
"""

import argparse
import json
from pathlib import Path
from typing import Any

from app.steps.facet_scores import FacetScores, evaluate_facets, evaluate_stages

DATA = Path(__file__).parents[1] / "data" / "facets"


def rows(name: str, split: str) -> list[dict[str, Any]]:
    """The labelled rows of one file and split."""
    read = (json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines())
    return [row for row in read if row["split"] == split]


def line(name: str, scores: FacetScores) -> str:
    return f"{name:18} articles {scores.articles:4}  exact {scores.exact / scores.articles:.3f}  F1 {scores.f1:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=["tune", "held-out"], help="print every article with an error")
    arguments = parser.parse_args()
    for split in ("tune", "held-out"):
        for name, scores in (
            ("stages", evaluate_stages(rows("stages.jsonl", split))),
            ("facets", evaluate_facets(rows("facets.jsonl", split))),
        ):
            print(line(f"{name}, {split}", scores))
            if arguments.errors == split:
                print("\n".join(scores.wrong))


if __name__ == "__main__":
    main()
