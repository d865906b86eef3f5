"""`geonews version`."""

import typer

from app import __version__
from app.cli import app


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
