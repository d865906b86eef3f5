"""`geonews webhooks list|test`: who gets alerts over HTTP, and whether it works."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import app

if TYPE_CHECKING:
    from app.settings import Settings
    from app.webhooks.config import Webhook

webhooks_app = typer.Typer(
    no_args_is_help=True,
    help="Alerts over HTTP, to the receivers that the file GEONEWS_WEBHOOKS lists; workers send them.\n\n"
    "Each receiver has `name`, `url` and `secret_file`, and may choose by `kinds` (burst, source-silent), `subjects` "
    "(topic, country, story), `values` (trade-deals, CA) and `states` (open, closed). Messages follow the Standard "
    "Webhooks specification: headers webhook-id, webhook-timestamp and webhook-signature. A receiver answers 2xx in 15 "
    "seconds; anything else is tried again, with growing waits, and is a dead letter in the end; 410 ends it.",
)
app.add_typer(webhooks_app, name="webhooks")


@webhooks_app.command("list")
def list_() -> None:
    """Show who gets which alerts; reads the file as a worker would."""
    from rich.console import Console
    from rich.table import Table

    _, found = _webhooks()
    table = Table("name", "url", "kinds", "subjects", "values", "states")
    for hook in found:
        chosen = (hook.kinds, hook.subjects, hook.values, hook.states)
        table.add_row(hook.name, hook.url, *(", ".join(words) or "all" for words in chosen))
    Console(highlight=False).print(table)


@webhooks_app.command()
def test(
    name: Annotated[str, typer.Argument(help="Which webhook of the file.")],
) -> None:
    """Send a signed sample alert, once, and say what the receiver answered."""
    from app.errors import ConfigurationError
    from app.webhooks.message import Message
    from app.webhooks.sender import Sender

    settings, found = _webhooks()
    hook = next((hook for hook in found if hook.name == name), None)
    if hook is None:
        raise ConfigurationError(f"no webhook is called {name!r}; there are: {', '.join(h.name for h in found)}")

    async def send() -> int:
        async with Sender(settings) as sender:
            return await sender.send(hook, Message.of(_sample(), 0, 0))

    typer.echo(f"{hook.name} answered {asyncio.run(send())}")


def _webhooks() -> "tuple[Settings, list[Webhook]]":
    from app.errors import ConfigurationError
    from app.settings import get_settings
    from app.webhooks.config import load_webhooks

    settings = get_settings()
    if settings.webhooks is None:
        raise ConfigurationError("no webhooks: set GEONEWS_WEBHOOKS to their file (`geonews webhooks --help`)")
    return settings, load_webhooks(settings.webhooks, allow_private=settings.webhook_private)


def _sample() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "id": "0" * 32,
        "kind": "burst",
        "title": "A test of this webhook: 42 articles about topic davos in 1 h, where 3.0 are usual",
        "at": now,
        "subject": "topic",
        "value": "davos",
        "state": "open",
        "since": now,
        "until": now,
        "observed": 42,
        "expected": 3.0,
        "probability": 1e-9,
        "stories": [],
        "events": [],
    }
