"""`geonews replay`: dead letters get another chance, each once."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import app
from app.cli.when import HELP, parse_when
from schemas.dead_letter import Reason, Stage

if TYPE_CHECKING:
    from app.delivery.dead_letters import Choice
    from app.delivery.replay import Replay


@app.command()
def replay(
    reason: Annotated[
        list[Reason] | None, typer.Option("--reason", help="Only this reason; may be given several times.")
    ] = None,
    stage: Annotated[Stage | None, typer.Option("--stage", help="Only what failed at this stage.")] = None,
    since: Annotated[
        int | None, typer.Option(parser=parse_when, metavar="WHEN", help=f"Only newer ones: {HELP}")
    ] = None,
    until: Annotated[
        int | None, typer.Option(parser=parse_when, metavar="WHEN", help="Only older ones; written as --since is.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Send at most this many.")] = None,
    max_attempts: Annotated[
        int, typer.Option(min=1, help="Leave those alone that were tried this often already.")
    ] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send dead letters back to where they came from, with their original key, bytes and headers.

    Each letter is sent once: to replay twice changes nothing, also after a crash half-way, also when two people do it
    at the same time. A record that fails again becomes a new dead letter with one attempt more.

    Try: `geonews replay --reason step-failed --since 2d --dry-run`
    """
    import logging

    from app.delivery.dead_letters import Choice

    # A lost broker, or another replay that takes over, is reported here, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    choice = Choice(reason or (), stage, since, until)
    if not (dry_run or yes):
        planned = asyncio.run(_replay(choice, limit, max_attempts, dry_run=True))
        _tell(planned, "would send")
        if not planned.sent or not _agreed(planned.sent.total()):
            return
    _tell(asyncio.run(_replay(choice, limit, max_attempts, dry_run=dry_run)), "would send" if dry_run else "sent")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is here to ask: add --yes to send, or --dry-run")
    return typer.confirm(f"Send these {count:,}?")


async def _replay(choice: "Choice", limit: int | None, max_attempts: int, *, dry_run: bool) -> "Replay":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from app.delivery.replay import replay as run
    from app.settings import get_settings

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("dead letters", total=None)

        def show(passed: int, total: int) -> None:
            progress.update(bar, completed=passed, total=total)

        return await run(get_settings(), choice, limit=limit, max_attempts=max_attempts, dry_run=dry_run, advance=show)


def _tell(done: "Replay", verb: str) -> None:
    by_reason = ", ".join(f"{reason} {count:,}" for reason, count in done.sent.most_common())
    typer.echo(f"{verb} {done.sent.total():,} dead letters" + (f": {by_reason}" if by_reason else ""))
    for cause, count in done.left.most_common():
        typer.echo(f"left alone: {count:,} {cause}")
