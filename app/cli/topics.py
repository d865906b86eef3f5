"""`geonews topics create|list|describe`."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli import app
from app.errors import ConfigurationError
from app.settings import get_settings
from schemas.channels import Channel

if TYPE_CHECKING:
    from app.kafka.admin import Difference, TopicState

topics_app = typer.Typer(no_args_is_help=True, help="The Kafka topics of geonews: create them, look at them.")
app.add_typer(topics_app, name="topics")
_console = Console(highlight=False)


@topics_app.command()
def create() -> None:
    """Create the topics that are missing; running it again changes nothing.

    Partitions and replicas come from GEONEWS_PARTITIONS and GEONEWS_REPLICATION_FACTOR. Topics that exist are compared
    and never changed: differences are listed, with exit code 1.
    """
    from app.kafka.admin import ensure_topics

    channels = _channels()
    differences = asyncio.run(ensure_topics(get_settings(), taxonomy_topics()))
    _console.print(f"{len(channels)} topics exist, from {channels[0].name} to {channels[-1].name}")
    if differences:
        show_differences(differences)
        raise typer.Exit(1)


@topics_app.command("list")
def list_() -> None:
    """List every topic: what it carries and whether it exists."""
    from app.kafka.admin import topic_states

    channels = _channels()
    states = asyncio.run(topic_states(get_settings(), [channel.name for channel in channels]))
    table = Table("topic", "value", "partitions", "cleanup")
    table.columns[0].no_wrap = True
    for channel in channels:
        state = states.get(channel.name)
        style = None if channel.public else "dim"
        count = str(state.partitions) if state else "[yellow]missing[/]"
        table.add_row(channel.name, channel.value, count, _cleanup(channel, state), style=style)
    _console.print(table)
    if len(states) < len(channels):
        _console.print("create the missing ones: geonews topics create")


@topics_app.command()
def describe(
    topic: Annotated[
        str, typer.Argument(help="A topic's full name, or its part in the middle: `raw`, `events.trade-deals`.")
    ],
) -> None:
    """Show one topic: what it carries, and its settings in Kafka beside the contract's."""
    from app.kafka.admin import topic_states

    channels = {channel.name: channel for channel in _channels()}
    name = topic if topic in channels else f"{get_settings().namespace}.{topic}.v1"
    if name not in channels:
        raise typer.BadParameter(f"no such topic; one of: {', '.join(channels)}")
    channel = channels[name]
    state = asyncio.run(topic_states(get_settings(), [name])).get(name)
    _console.print(f"[bold]{name}[/]: {channel.description}\nkey: {channel.key}\nvalue: {channel.value}")
    if state is None:
        _console.print("[yellow]missing[/]: geonews topics create")
        raise typer.Exit(1)
    _console.print(f"partitions: {state.partitions}, replicas: {state.replication}")
    table = Table("setting", "in Kafka", "contract")
    for setting in sorted(set(channel.config) | {"max.message.bytes", "min.insync.replicas", "retention.ms"}):
        table.add_row(setting, state.config.get(setting, ""), channel.config.get(setting, "any"))
    _console.print(table)


def taxonomy_topics() -> list[str]:
    """Ids of the taxonomy's topics, in its order. Raises ConfigurationError when the file is wrong."""
    from app.classification.taxonomy import TaxonomyError, load_taxonomy

    try:
        return load_taxonomy(get_settings().taxonomy).topic_ids
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from error


def show_differences(differences: "Sequence[Difference]") -> None:
    """A table of what differs, and what to do about it."""
    table = Table("topic", "setting", "contract", "in Kafka", title="topics that differ (nothing was changed)")
    for difference in differences:
        table.add_row(difference.topic, difference.what, difference.wanted, difference.found)
    _console.print(table)
    _console.print(
        "Settings: change them with Kafka's own tools, or leave them if you know why. Partitions: set "
        "GEONEWS_PARTITIONS to what raw has; candidates, seen and claims must have exactly as many as raw."
    )


def _channels() -> list[Channel]:
    return get_settings().channels.all(taxonomy_topics())


def _cleanup(channel: Channel, state: "TopicState | None") -> str:
    config = state.config if state else channel.config
    policy = config.get("cleanup.policy", "delete")
    if "delete" not in policy:
        return policy
    return f"{policy}, {int(config.get('retention.ms', '0')) / 86_400_000:g} days"
