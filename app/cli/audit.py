"""`geonews audit`: proves from Kafka alone that nothing is missing and nothing is doubled."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import app
from app.cli.when import HELP, moment, parse_when

if TYPE_CHECKING:
    from rich.console import Console

    from app.audit import AuditReport
    from app.settings import Settings

_MOST_SHOWN = 30


@app.command()
def audit(
    since: Annotated[
        int | None, typer.Option(parser=parse_when, metavar="WHEN", help=f"Leave out what was processed before: {HELP}")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, metavar="S", help="Give the workers up to S seconds to catch up first.")
    ] = 0.0,
) -> None:
    """Prove, from Kafka alone, that every record was decided exactly once.

    Each transaction leaves a ledger entry. The audit checks that the entries of each input partition form one chain,
    that each adds up, and that raw, candidates, events, topic channels and dead letters hold what the ledger says.
    It may run beside live workers; records that still wait are reported and are no error.

    Exit code 0: clean. 1: something is missing or doubled; the offsets are listed. 2: the audit could not be made.

    Try: `geonews audit --since 2h --wait 30`
    """
    import logging
    import sys

    import orjson
    from rich.console import Console

    from app.settings import get_settings

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a lost broker is reported here, once
    report = asyncio.run(_audit(get_settings(), since, wait))
    if as_json:
        extra = {"clean": report.is_clean, "waiting": report.waiting}
        sys.stdout.buffer.write(orjson.dumps(extra | _plain(report), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _show(report, Console(highlight=False))
    raise typer.Exit(0 if report.is_clean else 1)


async def _audit(settings: "Settings", since_ms: int | None, wait: float) -> "AuditReport":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

    from app.audit import audit as run

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def show(what: str, passed: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=passed)

        return await run(settings, since_ms, wait_seconds=wait, progress=show)


def _plain(report: "AuditReport") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(report)


def _show(report: "AuditReport", console: "Console") -> None:
    from rich.table import Table

    table = Table(title="ledger, by input partition")
    for name in ("partition", "from", "to"):
        table.add_column(name, no_wrap=True)
    counts = ("entries", "records", "published", "duplicates", "irrelevant", "dead_lettered", "rekeyed", "waiting")
    for name in counts:
        table.add_column(name.replace("_", "-"), justify="right")
    for place in report.places:
        if place.end or place.waiting or place.entries:
            numbers = [f"{getattr(place, name):,}" for name in counts]
            table.add_row(
                f"{place.topic}-{place.partition}",
                f"{place.start:,} ({place.start_reason})",
                f"{place.end:,}",
                *numbers,
            )
    console.print(table)
    for balance in report.balances:
        mark = "[green]=[/]" if balance.holds else "[bold red]≠[/]"
        console.print(f"  {balance.what}: {balance.left:,} {mark} {balance.right:,}")
    for finding in report.findings[:_MOST_SHOWN]:
        console.print(str(finding), style="red", markup=False, soft_wrap=True)
    if report.finding_count > _MOST_SHOWN:
        console.print(f"... and {report.finding_count - _MOST_SHOWN:,} more (--json lists up to 1,000)")
    console.print(_verdict(report), soft_wrap=True)


def _verdict(report: "AuditReport") -> str:
    since = f" since {moment(report.since_ms)}" if report.since_ms else ""
    waiting = f"; {report.waiting:,} waiting" if report.waiting else ""
    again = f"; {report.republished:,} published again after the window" if report.republished else ""
    if report.is_clean:
        decided = sum(place.records for place in report.places if place.topic == report.places[0].topic)
        return f"[bold green]clean[/]: {decided:,} raw records{since}, each decided exactly once{again}{waiting}"
    unequal = sum(not balance.holds for balance in report.balances)
    return f"[bold red]not clean[/]: {report.finding_count:,} findings, {unequal} balances do not hold{since}{waiting}"
