"""`geonews docs generate`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli import app

docs_app = typer.Typer(no_args_is_help=True, help="Reference pages that are made from code.")
app.add_typer(docs_app, name="docs")
_console = Console(highlight=False, soft_wrap=True)


@docs_app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a page is stale.")] = False,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the pages go.")] = Path("docs"),
) -> None:
    """Write `settings.md`, `metrics.md`, `cli.md` and `openapi.json`: every setting, metric, command and request.

    geonews docs generate --check
    """
    from app import generated
    from app.docs import REMEDY

    found = documents()
    if check:
        generated.check(found, to, REMEDY)
        return
    changed = generated.write(found, to)
    _console.print(f"{len(found)} pages in {to}, changed: {', '.join(changed) or 'none'}")


def documents() -> dict[str, str]:
    """Every page by file name. The commands must have been loaded."""
    from app.cli.topics import taxonomy_topics
    from app.docs import commands, http_api, metrics, settings

    return {
        "settings.md": settings.document(),
        "metrics.md": metrics.document(),
        "cli.md": commands.document(typer.main.get_command(app)),
        "openapi.json": http_api.document(taxonomy_topics()),
    }
