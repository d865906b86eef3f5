"""The `geonews` command. Each module here adds its commands; heavy imports happen inside the commands."""

import importlib
import pkgutil
import sys

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape

from app.errors import GeonewsError

app = typer.Typer(
    name="geonews",
    help="Real-time geopolitical news on Kafka: classified, enriched events, exactly once.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keep `geonews COMMAND` the form of every call, however few commands there are."""


def _load_commands() -> None:
    """Import every module of this package: each registers its own commands on `app`."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        importlib.import_module(f"{__name__}.{module.name}")


def main() -> None:
    """Run the command line; a GeonewsError or a bad setting ends it with one clear line and exit code 2."""
    _load_commands()
    try:
        app()
    except GeonewsError as error:
        _fail(str(error))
    except ValidationError as error:
        problems = "; ".join(f"{_variable(e['loc'])}{e['msg']}" for e in error.errors())
        _fail(f"settings: {problems}")
    except SettingsError as error:
        _fail(f"settings: {error}")


def _variable(location: tuple[int | str, ...]) -> str:
    return f"GEONEWS_{str(location[0]).upper()}: " if location else ""


def _fail(message: str) -> None:
    Console(stderr=True).print(f"[bold red]error[/] {escape(message)}", highlight=False, soft_wrap=True)
    sys.exit(2)
