"""`geonews reclassify`: what today's model and taxonomy change about what was published, and publishing that."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import app
from app.cli.when import HELP, parse_when

if TYPE_CHECKING:
    from rich.console import Console

    from app.reclassify.run import Outcome


@app.command()
def reclassify(
    since: Annotated[int, typer.Option(parser=parse_when, metavar="WHEN", help=f"Articles that came since: {HELP}")],
    until: Annotated[
        int | None, typer.Option(parser=parse_when, metavar="WHEN", help="And before; written as --since is.")
    ] = None,
    classifier: Annotated[
        str | None, typer.Option(help="lexicon, encoder, cascade or another. Else GEONEWS_CLASSIFIER.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; publish nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Judge articles of the past by the model and taxonomy of today, and publish what that changes.

    Events whose topics change are published as a new version (`version` one more, `supersedes` the same id); events
    that belong to no topic any more are withdrawn. Both reach the channel of all events and those of the topics.
    Articles that were irrelevant and are relevant now go back to the raw topic, for workers that run the same model:
    restart them with the new taxonomy first.

    Each change is published once: to run it twice changes nothing, also after a crash half-way. Raw articles are kept
    for seven days; what is older cannot be judged again.

    Try: `geonews reclassify --since 2d --dry-run`
    """
    import logging

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a lost broker, or another run, is reported here, once
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    if not (dry_run or yes):
        planned = asyncio.run(_run(since, until, classifier, dry_run=True))
        _tell(planned, "would be")
        changes = planned.articles - planned.kinds["unchanged"]  # type: ignore[index]  # a StrEnum is its text
        if not changes or not _agreed(changes):
            return
    done = asyncio.run(_run(since, until, classifier, dry_run=dry_run))
    _tell(done, "would be" if dry_run else "are")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is here to ask: add --yes to publish, or --dry-run")
    return typer.confirm(f"Publish these {count:,} changes?")


async def _run(since: int, until: int | None, classifier: str | None, *, dry_run: bool) -> "Outcome":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from app.cli.evaluate import configured_classifier, configured_taxonomy
    from app.reclassify.run import reclassify as run
    from app.settings import get_settings
    from app.steps import publishers

    settings = get_settings()
    publishers.use(settings.sources)
    model = await asyncio.to_thread(lambda: configured_classifier(configured_taxonomy(), classifier))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("raw articles", total=None)

        def show(passed: int, total: int) -> None:
            progress.update(bar, completed=passed, total=total)

        return await run(settings, model, since, until, dry_run=dry_run, advance=show)


def _tell(done: "Outcome", verb: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from app.reclassify.change import Kind

    console = Console(highlight=False)
    kinds = Table("articles", "", title=f"{done.articles:,} articles judged anew; what changes {verb} published")
    kinds.columns[1].justify = "right"
    for kind in Kind:
        kinds.add_row(kind.value, f"{done.kinds[kind]:,}")
    console.print(kinds)
    if done.gained or done.lost:
        topics = Table("topic", "gained", "lost")
        for name in sorted(done.gained | done.lost):
            topics.add_row(name, f"{done.gained[name]:,}", f"{done.lost[name]:,}")
        console.print(topics)
    _show_examples(done, console)
    if done.sent_back:
        console.print(f"{done.sent_back:,} of those added go through the workers, which must run the same taxonomy")
    if done.waiting:
        console.print(f"{done.waiting:,} more were sent back by an earlier run, and are for the workers to decide")


def _show_examples(done: "Outcome", console: "Console") -> None:
    from rich.text import Text

    from app.gateway.plain import for_terminal

    for kind, changes in done.examples.items():
        for change in changes:
            line = Text(f"{kind.value}: ", style="dim")
            line.append(for_terminal(change.article.document.title or change.article.canonical_url), style="bold")
            before, after = ", ".join(change.before) or "nothing", ", ".join(change.after) or "nothing"
            console.print(line.append(f"  {before} → {after}"), soft_wrap=True)
