"""`geonews shadow`: where a trial classifier and the live one differ."""

from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.classification.shadow import FILE
from app.cli import app
from app.errors import ConfigurationError
from app.settings import get_settings

shadow = typer.Typer(
    name="shadow",
    no_args_is_help=True,
    help="Try a classifier on live articles without publishing what it says: start workers with "
    "`GEONEWS_SHADOW_CLASSIFIER=encoder` (or any other name that GEONEWS_CLASSIFIER takes), then read the report.",
)
app.add_typer(shadow)


@dataclass(slots=True)
class Tally:
    """What the notes add up to; `only` counts by topic and by the side that alone takes it."""

    newest: deque[dict[str, Any]]
    agreed: int = 0
    differing: int = 0
    only: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, line: dict[str, Any]) -> None:
        """Count one line of notes."""
        if "error" in line:
            self.errors[line["error"]] += 1
        elif "agreed" in line:
            self.agreed += line["agreed"]
        else:
            self.differing += 1
            self.newest.append(line)
            for side, other in (("live", "shadow"), ("shadow", "live")):
                self.only.update((topic, side) for topic in line[side] if topic not in line[other])


@shadow.command()
def report(
    file: Annotated[Path | None, typer.Option(help="Else shadow.jsonl in GEONEWS_HOME.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many of the newest differences are shown.")] = 10,
) -> None:
    """Show how often the two classifiers agree, by topic which one takes more, and the newest differences."""
    tally = _read(file or get_settings().home / FILE, examples)
    console = Console(highlight=False)
    total = tally.agreed + tally.differing
    share = tally.agreed / total if total else 1.0
    console.print(f"{total:,} texts, the same topics for {tally.agreed:,} ({share:.2%})")
    if tally.differing:
        table = Table("topic", "only live", "only shadow")
        for topic in sorted({topic for topic, _ in tally.only}):
            table.add_row(topic, f"{tally.only[topic, 'live']:,}", f"{tally.only[topic, 'shadow']:,}")
        console.print(table)
    for line in tally.newest:
        sides = " · ".join(f"{side}: {', '.join(line[side]) or 'none'}" for side in ("live", "shadow"))
        console.print(f"{escape(line['title'])} [dim]({line['language'] or '?'})[/] {sides}", soft_wrap=True)
    for error, count in tally.errors.most_common(3):
        console.print(f"[red]failed {count:,} times:[/] {escape(error)}", soft_wrap=True)


def _read(path: Path, examples: int) -> Tally:
    tally = Tally(deque(maxlen=examples))
    try:
        with path.open("rb") as lines:
            for line in lines:
                tally.add(orjson.loads(line))
    except OSError as error:
        hint = "start workers with GEONEWS_SHADOW_CLASSIFIER first"
        raise ConfigurationError(f"{path}: {error.strerror}; {hint}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} is no note of a shadow classifier: {error!r}") from error
    return tally
