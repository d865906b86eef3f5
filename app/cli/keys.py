"""`geonews keys`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli import app

if TYPE_CHECKING:
    from app.gateway.keyring import StoredKey

keys_app = typer.Typer(no_args_is_help=True, help="API keys of the gateway: who may read, push articles, look inside.")
app.add_typer(keys_app, name="keys")
_console = Console(highlight=False, soft_wrap=True)
_SCOPES = ("read", "ingest", "admin")


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what it is for, such as `dashboard-berlin`.")],
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="read|ingest|admin", help="What it may do; may be repeated.")
    ] = ["read"],  # noqa: B006 - typer reads it, nobody changes it
    days: Annotated[float | None, typer.Option(min=0, help="Valid for so long. Left out: until revoked.")] = None,
) -> None:
    """Make a key and print it, this once: only its hash is kept, in GEONEWS_KEYS_FILE.

    Gateways that read that file take it within a second.

    Try: `geonews keys create feeder --scope ingest`
    """
    from app.errors import ConfigurationError
    from app.gateway import keyring

    if strange := [one for one in scope if one not in _SCOPES]:
        raise ConfigurationError(f"no scope is called {strange[0]!r}; choose of: {', '.join(_SCOPES)}")
    path = _path()
    key, stored = keyring.make(name, [one for one in keyring.SCOPES if one in scope], days)
    keyring.save(path, [*keyring.load(path), stored])
    _tell(key, stored)


@keys_app.command("list")
def list_keys() -> None:
    """Show all keys: id, name, scopes, when made, until when valid. The keys themselves are kept nowhere."""
    from rich.table import Table

    from app.gateway import keyring

    table = Table("id", "name", "scopes", "made", "valid until")
    now = datetime.now(UTC)
    for key in keyring.load(_path()):
        until = "revoked by hand only" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}Z"
        table.add_row(
            key.id,
            key.name,
            ", ".join(key.scopes),
            f"{key.created_at:%Y-%m-%d}",
            until if key.valid(now) else f"{until} (over)",
        )
    _console.print(table)


@keys_app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `geonews keys list` shows it.")]) -> None:
    """Take a key away: gateways refuse it within a second."""
    from app.gateway import keyring

    path = _path()
    found, others = _found(path, key_id)
    keyring.save(path, others)
    _console.print(f"revoked {found.id} ({found.name})")


@keys_app.command()
def rotate(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `geonews keys list` shows it.")],
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="For so long the old key stays valid beside the new one.")
    ] = 24.0,
) -> None:
    """Make a new key with the same name and scopes; the old one stays valid for a while, so that nothing stops.

    Try: `geonews keys rotate 1a2b3c4d --overlap-hours 48`
    """
    from datetime import timedelta

    from app.gateway import keyring

    path = _path()
    old, others = _found(path, key_id)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=overlap_hours)
    old = old.model_copy(update={"expires_at": end if old.expires_at is None else min(end, old.expires_at)})
    key, new = keyring.make(old.name, old.scopes)
    keyring.save(path, [*others, old, new])
    _tell(key, new)
    _console.print(f"the old key {old.id} is valid until {old.expires_at:%Y-%m-%d %H:%M}Z")


def _path() -> Path:
    from app.gateway.keyring import keys_path
    from app.settings import get_settings

    return keys_path(get_settings())


def _found(path: Path, key_id: str) -> "tuple[StoredKey, list[StoredKey]]":
    """The key with this id, and all others."""
    from app.errors import ConfigurationError
    from app.gateway import keyring

    keys = keyring.load(path)
    found = next((key for key in keys if key.id == key_id), None)
    if found is None:
        raise ConfigurationError(f"no key in {path} has the id {key_id!r}; `geonews keys list` shows all")
    return found, [key for key in keys if key is not found]


def _tell(key: str, stored: "StoredKey") -> None:
    """The key alone goes to standard output, so that a script can take it."""
    Console(stderr=True, highlight=False).print(
        f"key {stored.id} for {stored.name}: {', '.join(stored.scopes)}. It is shown this once:"
    )
    typer.echo(key)
