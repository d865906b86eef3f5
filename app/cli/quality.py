"""`geonews quality`: writes docs/quality.md, the quality card."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli import app
from app.cli.evaluate import configured_taxonomy, labelled_examples
from app.errors import ConfigurationError

CARD = Path("docs/quality.md")


@app.command()
def quality(
    out: Annotated[Path, typer.Option(help="Where the card goes; its plot goes beside it.")] = CARD,
) -> None:
    """Measure lexicon, encoder and cascade on texts that nobody trained or tuned on, and write the quality card.

    The card has figures by topic and language, who decides what, and calibration with a plot.
    """
    from app.classification.card import write_card

    try:
        with Console(stderr=True).status("classifying"):
            card, plot = write_card(configured_taxonomy(), labelled_examples(None))
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(card, encoding="utf-8")
    if plot:
        out.with_name("quality-reliability.svg").write_text(plot, encoding="utf-8")
    typer.echo(f"{out} written")
