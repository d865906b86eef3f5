"""Check the training rows and count them: `python data/training/check.py`.

The rows of data/fresh, which decisions are fitted to, are checked with them.

A row must be valid, in a known language, labelled with topics of the taxonomy, and unlike every other row and every
text in data/labelled: no two texts may share half of the shorter one's shingles (eight letters or digits in a row,
without case, spaces and punctuation; four where there are no spaces between words).
"""

import json
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
KINDS = frozenset({"headline", "brief", "event", "article", "wire", "bulletin"})
FIELDS = {"lang": str, "title": str, "text": str, "labels": list, "hard": bool, "kind": str}
LANGUAGES = frozenset(
    [
        "ar",
        "bg",
        "bn",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "nl",
        "no",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sr",
        "sv",
        "sw",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "zh",
    ]
)
UNSPACED = frozenset({"zh", "ja", "ko", "th"})
OVERLAP = 0.5

Row = dict[str, Any]


def topics() -> frozenset[str]:
    """The ids of the shipped taxonomy's topics."""
    taxonomy = yaml.safe_load((ROOT / "config" / "taxonomy.yaml").read_text(encoding="utf-8"))
    listed = taxonomy["topics"]
    return frozenset(listed if isinstance(listed, dict) else (topic["id"] for topic in listed))


def load(paths: Iterable[Path]) -> Iterator[tuple[str, Row]]:
    """Each row with the place where it stands; raises ValueError where a line is not a JSON object."""
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.name}:{number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{place}: not JSON: {error}") from None
            if not isinstance(row, dict):
                raise ValueError(f"{place}: not a JSON object")
            yield place, row


def faults(row: Row, known: frozenset[str]) -> list[str]:
    """What is wrong with one row by itself."""
    wrong = [f"{name} is not a {kind.__name__}" for name, kind in FIELDS.items() if not isinstance(row.get(name), kind)]
    if wrong or row.keys() != FIELDS.keys():
        return wrong or [f"fields are {sorted(row)}, not {sorted(FIELDS)}"]
    if not (row["title"].strip() or row["text"].strip()):
        wrong.append("neither title nor text")
    if row["lang"] not in LANGUAGES:
        wrong.append(f"unknown language {row['lang']!r}")
    if row["kind"] not in KINDS:
        wrong.append(f"unknown kind {row['kind']!r}")
    if strange := sorted(set(row["labels"]) - known):
        wrong.append(f"labels that are not in the taxonomy: {strange}")
    if len(set(row["labels"])) != len(row["labels"]):
        wrong.append("a label twice")
    return wrong


def shingles(row: Row) -> frozenset[str]:
    """The shingles of a row's title and text; a text shorter than one shingle is one itself."""
    text = unicodedata.normalize("NFKC", f"{row.get('title', '')} {row['text']}").casefold()
    letters = "".join(char for char in text if char.isalnum())
    size = 4 if row.get("lang") in UNSPACED else 8
    return frozenset(letters[at : at + size] for at in range(max(1, len(letters) - size + 1)))


def near_duplicates(rows: Sequence[tuple[str, Row]], others: Sequence[tuple[str, Row]]) -> list[str]:
    """Pairs within `rows`, and between `rows` and `others`, that share at least half of the shorter one's shingles."""
    holders: dict[str, list[int]] = defaultdict(list)
    sets: list[frozenset[str]] = []
    places: list[str] = []
    found = []
    for number, (place, row) in enumerate([*others, *rows]):
        mine = shingles(row)
        if number >= len(others):
            shared = Counter(holder for shingle in mine for holder in holders[shingle])
            found += [
                f"{place}: too like {places[holder]}: {count / min(len(mine), len(sets[holder])):.0%} shared"
                for holder, count in shared.items()
                if count >= OVERLAP * min(len(mine), len(sets[holder]))
            ]
        sets.append(mine)
        places.append(place)
        for shingle in mine:
            holders[shingle].append(number)
    return found


def problems(rows: Sequence[tuple[str, Row]], labelled: Sequence[tuple[str, Row]]) -> list[str]:
    """Everything that is wrong with the training rows, one line each; empty where all is well."""
    known = topics()
    wrong = [f"{place}: {fault}" for place, row in rows for fault in faults(row, known)]
    return wrong or near_duplicates(rows, labelled)


def counts(rows: Iterable[Row]) -> str:
    """A table: rows, negatives, hard ones and rows of each topic, by language and in all."""
    names = sorted(topics())
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for group in (row["lang"], "all"):
            table[group].update(["rows", *row["labels"]] + ["none"] * (not row["labels"]) + ["hard"] * row["hard"])
    columns = ["rows", "none", "hard", *names]
    lines = ["".join(["lang ", *(f"{column:>13}" for column in columns)])]
    lines += [
        "".join([f"{group:5}", *(f"{table[group][column]:>13}" for column in columns)])
        for group in [*sorted(table.keys() - {"all"}), "all"]
    ]
    return "\n".join(lines) + "\n"


def training_rows() -> list[tuple[str, Row]]:
    """Every training row with its place."""
    return list(load(sorted(HERE.glob("*.jsonl"))))


def fresh_rows() -> list[tuple[str, Row]]:
    """Every row of data/fresh with its place."""
    return list(load(sorted((ROOT / "data" / "fresh").glob("*.jsonl"))))


def labelled_rows() -> list[tuple[str, Row]]:
    """Every labelled row with its place: only compared, never read."""
    return list(load(sorted((ROOT / "data" / "labelled").glob("*.jsonl"))))


def main() -> int:
    """Print the counts and what is wrong; 1 where something is."""
    rows = training_rows()
    wrong = problems([*rows, *fresh_rows()], labelled_rows())
    sys.stdout.write(counts(row for _, row in rows))
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
