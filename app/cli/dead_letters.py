"""`geonews dead-letters list|show|stats`: what could not be processed, where and why."""

import asyncio
import sys
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import app
from app.cli.when import HELP, moment, parse_when
from schemas.dead_letter import Reason, Stage

if TYPE_CHECKING:
    from app.delivery.dead_letters import Letter

letters_app = typer.Typer(
    no_args_is_help=True,
    help="Records that could not be processed: list them, look at one, count them. `geonews replay` sends them back.",
)
app.add_typer(letters_app, name="dead-letters")

_MAX_SHOWN_CHARS = 20_000

Reasons = Annotated[list[Reason] | None, typer.Option("--reason", help="Only this reason; may be given several times.")]
OneStage = Annotated[Stage | None, typer.Option("--stage", help="Only what failed at this stage.")]
Since = Annotated[
    int | None, typer.Option("--since", parser=parse_when, metavar="WHEN", help=f"Only newer ones: {HELP}")
]


@letters_app.command("list")
def list_(
    reason: Reasons = None,
    stage: OneStage = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest this many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the newest dead letters, the newest last.

    Try: `geonews dead-letters list --reason not-json --since 24h`
    """
    import orjson
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from app.delivery.dead_letters import Choice, LetterBox
    from app.gateway.plain import escape_controls, for_terminal

    async def read(box: LetterBox) -> "list[Letter]":
        return await box.newest(Choice(reason or (), stage, since), limit)

    letters = _with_letters(read)
    if as_json:
        for letter in letters:
            sys.stdout.buffer.write(escape_controls(orjson.dumps(_plain(letter))) + b"\n")
        return
    table = Table("partition", "offset", "when", "stage", "reason", "attempts", "bytes", "replayed", "message")
    for letter in letters:
        about, record = letter.about, letter.record
        table.add_row(
            *map(str, letter.position),
            moment(record.timestamp),
            about.stage,
            about.reason,
            str(about.attempts),
            f"{len(record.value or b''):,}",
            "yes" if letter.is_replayed else "",
            Text(for_terminal(about.message)[:120]),
        )
    Console(highlight=False).print(table if letters else "no dead letters")


@letters_app.command()
def show(
    partition: Annotated[int, typer.Argument(min=0, help="Partition, from `list`.")],
    offset: Annotated[int, typer.Argument(min=0, help="Offset, from `list`.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the original bytes to standard output, nothing else.")
    ] = False,
) -> None:
    """Show one dead letter: its headers, and the original bytes with control characters escaped.

    Try: `geonews dead-letters show 3 41 --raw | head -c 200 | xxd`
    """
    letter = _with_letters(lambda box: box.one(partition, offset))
    record = letter.record
    if raw:
        sys.stdout.buffer.write(record.value or b"")
        sys.stdout.buffer.flush()
        return
    for name, value in record.headers:
        typer.echo(f"{_on_one_line(name.encode())}: {_on_one_line(value)}")
    typer.echo(f"timestamp: {moment(record.timestamp)}")
    typer.echo(f"replayed: {'yes' if letter.is_replayed else 'no'}")
    typer.echo(f"key: {'none' if record.key is None else _on_one_line(record.key)}")
    typer.echo(f"value: {'none' if record.value is None else f'{len(record.value):,} bytes'}\n")
    text = visible(record.value)
    typer.echo(text[:_MAX_SHOWN_CHARS])
    if len(text) > _MAX_SHOWN_CHARS:
        typer.echo(f"... {len(text) - _MAX_SHOWN_CHARS:,} more characters: --raw writes everything")


@letters_app.command()
def stats(
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Count dead letters by stage and reason, with the first and the last of each.

    `open` counts those that were not sent back by `geonews replay`.
    """
    import orjson
    from rich.console import Console
    from rich.table import Table

    from app.delivery.dead_letters import Choice, LetterBox

    async def count(box: LetterBox) -> dict[tuple[Stage, Reason], list[int]]:
        found: dict[tuple[Stage, Reason], list[int]] = {}
        async for letter in box.letters(Choice(since_ms=since)):
            at = letter.record.timestamp
            row = found.setdefault((letter.about.stage, letter.about.reason), [0, 0, at, at])
            row[0] += 1
            row[1] += not letter.is_replayed
            row[2], row[3] = min(row[2], at), max(row[3], at)
        return found

    table = Table("stage", "reason", "letters", "open", "first", "last")
    rows = sorted(_with_letters(count).items(), key=lambda item: -item[1][0])
    for (stage, reason), (letters, still_open, first, last) in rows:
        if as_json:
            line = {"stage": stage, "reason": reason, "letters": letters, "open": still_open}
            typer.echo(orjson.dumps(line | {"first": moment(first), "last": moment(last)}))
        table.add_row(stage, reason, f"{letters:,}", f"{still_open:,}", moment(first), moment(last))
    if not as_json:
        Console(highlight=False).print(table if rows else "no dead letters")


def visible(value: bytes | None) -> str:
    """Any bytes as text that a terminal shows as it is: what is not UTF-8, invisible, moves or reorders is escaped.

    Line breaks stay.
    """
    text = (value or b"").decode("utf-8", "backslashreplace")
    return "".join(letter if _is_plain(letter) else _escaped(letter) for letter in text)


def _on_one_line(value: bytes | None) -> str:
    return visible(value).replace("\n", "\\n")


def _is_plain(letter: str) -> bool:
    return letter in " \n" or unicodedata.category(letter)[0] not in "CZ"  # control, format, unassigned; separators


def _escaped(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode() if ord(letter) > 0x7F else f"\\x{ord(letter):02x}"


def _plain(letter: "Letter") -> dict[str, Any]:
    from dataclasses import asdict

    record = letter.record
    size = None if record.value is None else len(record.value)
    where = {"partition": record.partition, "offset": record.offset, "at": moment(record.timestamp)}
    return where | {"replayed": letter.is_replayed, "bytes": size} | {"error": asdict(letter.about)}


def _with_letters(work: Any) -> Any:
    """What `work` makes of the letters that there are now."""
    import logging

    from app.delivery.dead_letters import LetterBox
    from app.kafka.reader import open_reader
    from app.settings import get_settings

    async def run() -> Any:
        settings = get_settings()
        async with open_reader(settings) as reader:
            return await work(await LetterBox.open(reader, settings))

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a lost broker is reported here, once
    return asyncio.run(run())
