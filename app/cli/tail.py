"""`geonews tail`: events in a terminal as they arrive."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import app

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from app.gateway.topics import TopicInfo
    from app.settings import Settings

COLOURS = ("blue", "yellow", "cyan", "magenta", "green")


@app.command()
def tail(
    topic: Annotated[str | None, typer.Argument(help="Only this topic, such as davos. Left out: every event.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as one line of JSON.")] = False,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Start with the oldest event that Kafka holds, not with the next.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
) -> None:
    """Print events as they arrive, straight from Kafka; Ctrl-C ends it.

    Each line: when it was processed, its topics with their scores, its countries, its title, its publisher.

    Try: `geonews tail davos --from-beginning --limit 10`, or `geonews tail --json | jq .title`
    """
    import asyncio
    import logging
    import os
    import sys

    from app.settings import get_settings

    settings = get_settings()
    channel = _channel(settings, topic)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a lost broker is reported here, once
    try:
        asyncio.run(_print_events(settings, channel, as_json, from_beginning, limit))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # Whoever reads us has had enough; nothing may try to flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _channel(settings: "Settings", topic: str | None) -> str:
    from app.errors import ConfigurationError
    from app.gateway.topics import topics_of

    if topic is None:
        return settings.channels.events
    choices = [known.id for known in topics_of(settings)]
    if topic not in choices:
        raise ConfigurationError(f"no topic is called {topic!r}; choose one of: {', '.join(choices)}")
    return settings.channels.events_of(topic)


async def _print_events(
    settings: "Settings", channel: str, as_json: bool, from_beginning: bool, limit: int | None
) -> None:
    import sys
    from contextlib import aclosing

    from rich.console import Console

    from app.gateway.plain import escape_controls
    from app.gateway.topics import topics_of

    console = Console(highlight=False)
    names = {} if as_json else _names(topics_of(settings))
    number = 0
    async with aclosing(_events(settings, channel, from_beginning)) as events:
        async for json in events:
            if as_json:
                sys.stdout.buffer.write(escape_controls(json) + b"\n")
            else:
                # Only the styling is rich's: its `print` ends the process by itself when the reader has gone.
                with console.capture() as styled:
                    console.print(_line(json, names), soft_wrap=True)
                sys.stdout.write(styled.get())
            sys.stdout.flush()
            number += 1
            if number == limit:
                return


async def _events(settings: "Settings", channel: str, from_beginning: bool) -> AsyncGenerator[bytes, None]:
    """JSON of each event of a Kafka topic. Kafka must be there at first; later on, its return is waited for."""
    import asyncio

    from aiokafka import TopicPartition
    from aiokafka.errors import KafkaError
    from rich.console import Console

    from app.errors import KafkaUnavailable
    from app.gateway.item import decode
    from app.gateway.reader import LogTruncated, open_reader

    offsets: dict[TopicPartition, int] | None = None
    while True:
        try:
            async with open_reader(settings, [channel]) as reader:
                if offsets is None:
                    partitions = await reader.partitions()
                    offsets = await (reader.beginnings(partitions) if from_beginning else reader.ends(partitions))
                async for records in reader.follow(offsets):
                    for record in sorted(records, key=lambda record: record.timestamp):
                        item = decode(record.partition, record.offset, record.timestamp, record.value)
                        if item is not None:
                            yield item.json
                    for record in records:
                        place = TopicPartition(record.topic, record.partition)
                        offsets[place] = max(record.offset + 1, offsets.get(place, 0))
        except LogTruncated:
            offsets, from_beginning = None, True  # the topic was made anew: all of it is news
        except (KafkaError, KafkaUnavailable, TimeoutError) as error:
            problem = str(error) or "it does not answer"
            if offsets is None:
                raise KafkaUnavailable(f"Kafka cannot be read: {problem}") from None
            _warn(Console(stderr=True), problem)
            await asyncio.sleep(2)


def _warn(console: "Console", problem: str) -> None:
    console.print("Kafka is away, trying again:", problem, style="dim", markup=False, highlight=False)


def _names(topics: "list[TopicInfo]") -> dict[str, tuple[str, str]]:
    """Name and colour of each topic, by its id."""
    return {topic.id: (topic.name, COLOURS[number % len(COLOURS)]) for number, topic in enumerate(topics)}


def _line(json: bytes, names: dict[str, tuple[str, str]]) -> "Text":
    """An event as one line. Nothing in it is read as markup."""
    from rich.text import Text

    from app.gateway.plain import for_terminal
    from schemas.event import EnrichedEvent

    event = EnrichedEvent.model_validate_json(json, extra="ignore")
    line = Text(event.processed_at.astimezone().strftime("%H:%M:%S"), style="dim")
    for topic in event.topics:
        name, colour = names.get(topic.topic, (topic.topic, "white"))
        line.append("  ").append(f"{for_terminal(name)} {topic.score:.2f}", style=colour)
    if event.countries:
        line.append("  ").append(",".join(country.code for country in event.countries), style="dim")
    line.append("  ").append(for_terminal(event.title), style="bold")
    return line.append("  ").append(for_terminal(event.source.name), style="dim")
