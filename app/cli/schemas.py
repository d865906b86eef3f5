"""`geonews schemas export`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli import app
from app.cli.topics import taxonomy_topics
from schemas.export import GENERATED, REMEDY, documents

schemas_app = typer.Typer(no_args_is_help=True, help="The contract for programs: JSON Schema and AsyncAPI.")
app.add_typer(schemas_app, name="schemas")
_console = Console(highlight=False, soft_wrap=True)


@schemas_app.command()
def export(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="Where the files go.", show_default=False)
    ] = GENERATED,
) -> None:
    """Write JSON Schemas of raw articles, events, the ledger and headers, and an AsyncAPI 3.0 document of all channels.

    They are made from `schemas/` and the taxonomy's topics, and kept in `schemas/generated`.

    Try: `geonews schemas export --to my-project/contracts`
    """
    from app import generated

    found = documents(taxonomy_topics())
    if check:
        generated.check(found, to, REMEDY)
        return
    changed = generated.write(found, to)
    _console.print(f"{len(found)} files in {to}, changed: {', '.join(changed) or 'none'}")
