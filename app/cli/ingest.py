"""`geonews ingest`: bring articles in, from feeds and files."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import app
from app.errors import SourceError

if TYPE_CHECKING:
    from app.sources.files import FileSource
    from app.sources.publish import Tally

ingest = typer.Typer(
    help="Bring articles in: put them on the raw topic, from where they are classified.", no_args_is_help=True
)
app.add_typer(ingest, name="ingest")


@ingest.command("file")
def ingest_file(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH|-...", help="JSON Lines, plain, gzip or zstd; - reads stdin.")
    ],
    rate: Annotated[float, typer.Option(min=0, help="Most articles a second; 0: as fast as Kafka takes them.")] = 0.0,
    limit: Annotated[int, typer.Option(min=0, help="Most articles from each file; 0: all.")] = 0,
    loop: Annotated[
        bool, typer.Option("--loop", help="Start over at the end, until Ctrl-C. Repeats are de-duplicated downstream.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Set published_at and fetched_at to now: a replay that looks live.")
    ] = False,
) -> None:
    """Send articles from JSON Lines: one RawArticle a line, byte for byte.

    Each has `url` and at least one of `title`, `summary` and `text`; lines that are no article end as dead letters.

    Try: `geonews ingest file samples/articles.jsonl --rate 5 --now`

    Or: `zcat old.jsonl.gz | grep -i davos | geonews ingest file -`
    """
    from app.sources.files import FileSource

    sources = [FileSource(path, rate=rate, limit=limit, loop=loop, now=now) for path in paths]
    for source in sources:
        source.check()
    sys.exit(_run(_send_files(sources)))


@ingest.command("feed")
def ingest_feed(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="RSS, Atom, RDF or JSON Feed.")],
    once: Annotated[bool, typer.Option("--once", help="Fetch once, send what is there, and end.")] = False,
    interval: Annotated[
        float | None, typer.Option(min=1, help="Seconds between fetches; GEONEWS_INGEST_INTERVAL_SECONDS otherwise.")
    ] = None,
) -> None:
    """Poll feeds and send each new entry once, until Ctrl-C.

    A feed that fails is tried again later and later; what it says (304, Retry-After, moved, gone) is heeded.

    Try: `geonews ingest feed https://example.org/world.rss --once`
    """
    from app.settings import get_settings

    seconds = interval or get_settings().ingest_interval_seconds
    sys.exit(_run(_send_feeds_once(urls) if once else _follow_feeds(urls, seconds)))


@ingest.command("warc")
def ingest_warc(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="WARC files, plain or gzip.")],
    limit: Annotated[int, typer.Option(min=0, help="Most articles from each file; 0: all.")] = 0,
) -> None:
    """Send the articles of archived web pages, such as those of Common Crawl's news crawl.

    Needs `pip install 'geonews[fulltext]'`.

    Try: `geonews ingest warc CC-NEWS-20260120.warc.gz --limit 1000`
    """
    sys.exit(_run(_send_warc(paths, limit)))


async def _send_warc(paths: list[Path], limit: int) -> int:
    from app.settings import get_settings
    from app.sources.parser import FeedParser
    from app.sources.publish import RawProducer, Tally
    from app.sources.warc import WarcSource

    tally, started = Tally(), time.monotonic()
    try:
        async with FeedParser() as parser, RawProducer(get_settings()) as producer:
            for path in paths:
                await producer.publish(WarcSource(path, parser, limit=limit), tally)
    finally:
        _summarise([tally], time.monotonic() - started)
    return 0


@ingest.command("gdelt")
def ingest_gdelt(
    query: Annotated[str | None, typer.Option(help="Of the DOC API; without one, all of the 15-minute files.")] = None,
    translated: Annotated[bool, typer.Option("--translated", help="Files of articles not in English.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Ask once, send what is there, and end.")] = False,
    interval: Annotated[float, typer.Option(min=60, help="Seconds between two times.")] = 900.0,
) -> None:
    """Take articles that the GDELT project has seen: their titles, times and publishers, but not their text.

    Try: `geonews ingest gdelt --query 'tariffs sourcelang:eng' --once`
    """
    sys.exit(_run(_send_gdelt(query, translated=translated, once=once, interval=interval)))


async def _send_gdelt(query: str | None, *, translated: bool, once: bool, interval: float) -> int:
    from app.settings import get_settings
    from app.sources.gdelt import FILES, TRANSLATED_FILES, GdeltSource
    from app.sources.http import HttpClient
    from app.sources.publish import RawProducer, Tally
    from app.sources.supervise import run_sources

    settings, tally, started = get_settings(), Tally(), time.monotonic()
    async with HttpClient(settings, max_bytes=64 * 1024 * 1024) as http:
        files = TRANSLATED_FILES if translated else FILES
        source = GdeltSource(http, query=query, files=files, interval=interval, once=once)
        if not once:
            await run_sources(settings, [source])
            return 0
        async with RawProducer(settings) as producer:
            await producer.publish(source, tally)
    _summarise([tally], time.monotonic() - started)
    return 0


async def _send_files(sources: "list[FileSource]") -> int:
    from app.settings import get_settings
    from app.sources.publish import RawProducer, Tally

    tally = Tally()
    started = time.monotonic()
    try:
        async with RawProducer(get_settings()) as producer:
            for source in sources:
                async with _progress(source, tally):
                    await producer.publish(source, tally)
    finally:
        _summarise([tally], time.monotonic() - started)
    return 1 if tally.refused else 0


async def _follow_feeds(urls: list[str], interval: float) -> int:
    from app.settings import get_settings
    from app.sources.feed import FeedSource
    from app.sources.http import HttpClient
    from app.sources.parser import FeedParser
    from app.sources.supervise import run_sources

    settings = get_settings()
    async with HttpClient(settings) as http, FeedParser() as parser:
        await run_sources(settings, [FeedSource(url, http, parser, interval=interval) for url in urls])
    return 1  # every one of them is gone


async def _send_feeds_once(urls: list[str]) -> int:
    from app.settings import get_settings
    from app.sources.feed import FeedSource
    from app.sources.http import HttpClient
    from app.sources.parser import FeedParser
    from app.sources.publish import RawProducer, Tally

    settings = get_settings()
    tallies = [Tally() for _ in urls]
    started = time.monotonic()
    async with HttpClient(settings) as http, FeedParser() as parser, RawProducer(settings) as producer:
        feeds = [FeedSource(url, http, parser, once=True) for url in urls]
        results = await asyncio.gather(*map(producer.publish, feeds, tallies), return_exceptions=True)
    _summarise(tallies, time.monotonic() - started)
    failed = False
    for result in results:
        if isinstance(result, SourceError):
            typer.secho(f"error {result}", fg="red", err=True)
            failed = True
        elif result:
            raise result
    return 1 if failed else 0


@contextlib.asynccontextmanager
async def _progress(source: "FileSource", tally: "Tally") -> AsyncGenerator[None, None]:
    """A progress bar while the block runs, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(source.name, total=source.total_bytes)

        async def show() -> None:
            while True:
                described = f"{source.name}: {tally.sent:,} sent"
                progress.update(bar, completed=source.bytes_done, description=described)
                await asyncio.sleep(0.2)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()


def _summarise(tallies: "list[Tally]", seconds: float) -> None:
    from app.settings import get_settings

    sent = sum(tally.sent for tally in tallies)
    size = sum(tally.sent_bytes for tally in tallies)
    refused = sum(tally.refused for tally in tallies)
    rate = f", {sent / seconds:,.0f} a second" if seconds > 0.05 and sent else ""
    typer.echo(f"sent {sent:,} articles ({size:,} bytes) to {get_settings().channels.raw} in {seconds:.1f} s{rate}")
    if refused:
        typer.secho(f"error {refused:,} articles were too large for Kafka and were not sent", fg="red", err=True)


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end, Ctrl-C or SIGTERM; what is in flight is acknowledged in any case. Gives the exit code."""
    import logging

    import uvloop

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every retry; we tell when it gives up

    async def until_stopped() -> int:
        task = asyncio.current_task()
        if task:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return int(uvloop.run(until_stopped()))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
