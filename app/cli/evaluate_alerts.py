"""`geonews evaluate alerts`: bursts found, missed and made up, on simulated months of news."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.cli.evaluate import evaluate_app

if TYPE_CHECKING:
    from app.alerts.evaluation import Report


class Seeds(StrEnum):
    """Which simulated months."""

    TUNE = "tune"
    TEST = "test"


@evaluate_app.command()
def alerts(
    seeds: Annotated[
        Seeds, typer.Option(help="tune: the months that the rules were chosen on; test: months nobody looked at.")
    ] = Seeds.TEST,
    false_per_day: Annotated[
        float | None, typer.Option(min=0.001, help="Bound of false alarms a day. Else GEONEWS_ALERT_FALSE_PER_DAY.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure burst alerts on simulated months with planted bursts: recall, false alarms, time to detect.

    A month holds some 35,000 events of three topics, 120 countries and 17,000 stories, with a daily and weekly rhythm,
    wandering levels, trickling stories, holidays, outages, late articles and whole archives that arrive at once. Sixty
    bursts are planted in it, a third of them each in topics, countries and stories. An alert is false when fewer than
    three in ten articles of its window are planted ones.
    """
    from app.alerts.evaluation import TEST_SEEDS, TUNE_SEEDS, evaluate
    from app.alerts.rules import Rules
    from app.settings import get_settings

    rules = Rules(false_per_day=false_per_day or get_settings().alert_false_per_day)
    chosen = TEST_SEEDS if seeds is Seeds.TEST else TUNE_SEEDS
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("simulated months", total=len(chosen))
        report = evaluate(chosen, rules, lambda: progress.advance(bar))
    if as_json:
        import orjson

        typer.echo(orjson.dumps(_plain(report), option=orjson.OPT_INDENT_2))
        return
    title = f"{len(chosen)} simulated months ({seeds}), at most {rules.false_per_day:g} false alarms a day"
    Console(highlight=False).print(_table(report, title))


def _table(report: "Report", title: str) -> Table:
    from app.alerts.subjects import SUBJECTS

    table = Table("bursts of", "planted", "found", "recall", "false a day", "minutes to detect", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for subject in SUBJECTS:
        planted, found = report.planted[subject], report.found[subject]
        false = report.false[subject] / report.days
        table.add_row(subject, f"{planted}", f"{found}", f"{found / max(1, planted):.3f}", f"{false:.2f}", "")
    table.add_section()
    sums = (sum(report.planted.values()), sum(report.found.values()))
    figures = (f"{report.recall:.3f}", f"{report.false_per_day:.2f}", f"{report.minutes_to_detect:.0f}")
    table.add_row("all", f"{sums[0]}", f"{sums[1]}", *figures, style="bold")
    return table


def _plain(report: "Report") -> dict[str, object]:
    return {
        "recall": round(report.recall, 4),
        "false_per_day": round(report.false_per_day, 4),
        "minutes_to_detect": round(report.minutes_to_detect, 1),
        "days": report.days,
        "planted": report.planted,
        "found": report.found,
        "false": report.false,
    }
