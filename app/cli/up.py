"""`geonews up`: everything on this machine with one command."""

import asyncio
import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli import app
from app.errors import ConfigurationError

if TYPE_CHECKING:
    import aiohttp

    from app.supervision.stack import Stack

_console = Console(highlight=False)


@app.command()
def up(
    samples: Annotated[bool, typer.Option("--samples", help="Send the sample articles once all is ready.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes; they share the partitions.")] = 1,
    rate: Annotated[float, typer.Option(min=0, help="Sample articles per second; 0: as fast as Kafka takes them.")] = 5,
) -> None:
    """Run everything here: Kafka (if none is configured), topics, workers, gateway. Ctrl-C stops it all.

    Processes that die are started again. Logs are in `.geonews/logs/`. Ports that are taken give way to free ones. A
    Kafka of yours (GEONEWS_KAFKA_BOOTSTRAP, or `geonews kafka start` before) is used and left running.
    """
    from app.cli.topics import taxonomy_topics
    from app.settings import get_settings
    from app.supervision.stack import Plan, Stack

    plan = Plan(workers, _samples_file() if samples else None, rate)

    async def run() -> None:
        stack = Stack(get_settings(), taxonomy_topics(), plan, _console)
        with stack.owning():
            await _run(stack)

    asyncio.run(run())


async def _run(stack: "Stack") -> None:
    from app.supervision.stack import on_signals

    main = asyncio.create_task(_start_and_watch(stack))
    on_signals(main, stack)
    try:
        await main
    except asyncio.CancelledError:
        _console.print("\nstopping ...")
    finally:
        await stack.stop()
    _console.print(f"stopped; topics and logs stay in {stack.home}", soft_wrap=True)


async def _start_and_watch(stack: "Stack") -> None:
    import aiohttp

    from app.cli.topics import show_differences
    from app.supervision.child import together

    await stack.start_kafka()
    if differences := await stack.create_topics():
        show_differences(differences)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        await together(stack.keep_running(), _serve(stack, session))


async def _serve(stack: "Stack", session: "aiohttp.ClientSession") -> None:
    from app.supervision.child import together

    with _console.status("starting worker and gateway ...") if _console.is_terminal else contextlib.nullcontext():
        await stack.wait_until_ready(session)
    _announce(stack)
    await together(stack.send_samples(), _show_status(stack, session))


def _announce(stack: "Stack") -> None:
    page = stack.gateway.ready_url.removesuffix("readyz")
    metrics = stack.workers[0].ready_url.replace("readyz", "metrics")
    geonews = _command_as_typed()
    _console.print(
        f"\n[bold green]geonews runs[/]   live page: [bold]{page}[/]\n\n"
        f"  try   {geonews} tail                      events in this terminal\n"
        f"        {geonews} topics list               what flows where\n"
        f"        curl '{page}v1/events?limit=3'\n"
        f"        curl -N {page}v1/stream\n"
        f"        curl {metrics}\n"
        f"        {geonews} ingest feed URL           your own news\n"
        "  stop  Ctrl-C\n",
        soft_wrap=True,
    )


async def _show_status(stack: "Stack", session: "aiohttp.ClientSession") -> None:
    """A line that is kept current on a terminal; elsewhere a line each half minute, when it says something new."""
    from app.supervision.status import status_line

    urls = [worker.ready_url.replace("readyz", "metrics") for worker in stack.workers]
    if _console.is_terminal:
        with _console.status(await status_line(session, urls), refresh_per_second=2) as shown:
            while True:
                await asyncio.sleep(1.0)
                shown.update(await status_line(session, urls))
    said = ""
    while True:
        line = await status_line(session, urls)
        if line != said:
            stack.say(line)
            said = line
        await asyncio.sleep(30.0)


def _samples_file() -> Path:
    for directory in (Path.cwd(), Path(__file__).parents[2]):
        found = directory / "samples" / "articles.jsonl"
        if found.is_file():
            return found
    raise ConfigurationError(
        "samples/articles.jsonl is not here: run this in a checkout of geonews, or leave --samples"
    )


def _command_as_typed() -> str:
    if shutil.which("geonews"):
        return "geonews"
    script = Path(sys.executable).with_name("geonews")
    return os.path.relpath(script) if script.exists() else "geonews"
