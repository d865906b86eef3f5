"""`geonews config check|show`: are the settings right, and does what they name exist and answer?"""

import asyncio
from typing import Annotated, Any

import orjson
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli import app
from app.config_check import checks, run_checks
from app.settings import Settings, get_settings

config_app = typer.Typer(no_args_is_help=True, help="The settings in force: look at them, check what they name.")
app.add_typer(config_app, name="config")
_console = Console(highlight=False)


@config_app.command()
def check(
    offline: Annotated[bool, typer.Option("--offline", help="Everything but Kafka.")] = False,
) -> None:
    """Check every setting, and what it names: taxonomy, catalogue, classifier, Kafka, its topics and their settings.

    A line for each, and what to do where one is wrong; exit code 1 when any is. Nothing is written or changed, so it
    may run beside live workers, in a release pipeline or as an init container.
    """
    settings = get_settings()
    problems = 0

    async def run() -> None:
        nonlocal problems
        async for name, problem in run_checks(checks(settings, offline=offline)):
            problems += problem is not None
            mark = "[green]ok[/]    " if problem is None else "[bold red]wrong[/] "
            _console.print(f"{mark} {name}" + ("" if problem is None else f": {escape(problem)}"), soft_wrap=True)

    asyncio.run(run())
    if problems:
        raise typer.Exit(1)


@config_app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Print every setting in force; secrets are hidden. Those that differ from the default come first."""
    settings = get_settings()
    values = {name: _plain(getattr(settings, name)) for name in Settings.model_fields}
    if as_json:
        typer.echo(orjson.dumps(values, option=orjson.OPT_INDENT_2))
        return
    table = Table("variable", "value", "")
    given = settings.model_fields_set
    for name in sorted(values, key=lambda name: name not in given):
        table.add_row(f"GEONEWS_{name.upper()}", _words(values[name]), "set" if name in given else "")
    _console.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, SecretStr):
        return "**********"
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _words(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
