"""`geonews sources list|check|add|run|status`."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli import app

if TYPE_CHECKING:
    from app.settings import Settings
    from app.sources.catalogue import Catalogue, CatalogueSource
    from app.sources.check import Checked
    from app.sources.discovery import Found

sources_app = typer.Typer(
    no_args_is_help=True, help="The catalogue of feeds: look at it, poll it, see how it is doing."
)
app.add_typer(sources_app, name="sources")
_console = Console(highlight=False)
_COLOURS = {"ok": "green", "new": "cyan", "failing": "red", "silent": "yellow", "gone": "red"}

File = Annotated[Path | None, typer.Option("--sources", help="Catalogue (GEONEWS_SOURCES); else the shipped one.")]
Country = Annotated[str | None, typer.Option("--country", help="ISO 3166-1 alpha-2.")]
Language = Annotated[str | None, typer.Option("--language", help="ISO 639-1.")]


@sources_app.command("list")
def list_sources(
    sources: File = None,
    country: Country = None,
    language: Language = None,
    tier: Annotated[int | None, typer.Option(min=1, max=3, help="1, 2 or 3.")] = None,
) -> None:
    """Show the sources of the catalogue.

    Try: `geonews sources list --language uk`
    """
    chosen = [s for s in _chosen(_catalogue(sources), country, language) if tier is None or s.tier == tier]
    table = Table("id", "name", "country", "language", "tier", "family", "kind", "url")
    for source in chosen:
        kind = source.kind + (", state" if source.state_affiliated else "") + (", paywall" if source.paywall else "")
        row = (
            source.id,
            source.name,
            source.country,
            source.language,
            str(source.tier),
            source.family,
            kind,
            source.url,
        )
        table.add_row(*row)
    _console.print(table)
    countries, languages = ({getattr(s, what) for s in chosen} for what in ("country", "language"))
    _console.print(f"{len(chosen)} feeds in {len(languages)} languages from {len(countries)} countries")


@sources_app.command("check")
def check(
    sources: File = None,
    country: Country = None,
    language: Language = None,
    offline: Annotated[bool, typer.Option("--offline", help="Check the file alone, fetch nothing.")] = False,
) -> None:
    """Check the catalogue, and ask each of its feeds once whether it answers. Ends with 1 when one does not.

    Try: `geonews sources check --country UA`
    """
    catalogue = _catalogue(sources)
    if offline:
        _console.print(f"{len(catalogue.sources)} sources, all well-formed")
        return
    results = asyncio.run(_check(_chosen(catalogue, country, language)))
    bad = [result for result in results if result.problem]
    table = Table("id", "what is wrong", "the server said", title=f"{len(bad)} of {len(results)} feeds do not answer")
    for result in sorted(bad, key=lambda one: one.source.id):
        table.add_row(result.source.id, result.problem, result.detail)
    if bad:
        _console.print(table)
    for result in results:
        if result.moved_to:
            _console.print(f"{result.source.id} has moved to {result.moved_to}", soft_wrap=True)
    _console.print(f"{len(results) - len(bad)} feeds answer, with {sum(r.entries for r in results):,} entries")
    raise typer.Exit(1 if bad else 0)


@sources_app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="A feed, or a page that links to one.")],
    country: Annotated[str, typer.Option(help="Of the newsroom, ISO 3166-1 alpha-2.")],
    language: Annotated[str | None, typer.Option(help="ISO 639-1; else what the feed says.")] = None,
    tier: Annotated[int, typer.Option(min=1, max=3, help="1 paper of record or agency, 2 of standing, 3 unknown.")] = 3,
    kind: Annotated[str, typer.Option(help="As in the catalogue's first lines.")] = "newspaper",
    sources: File = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the entry, write nothing.")] = False,
) -> None:
    """Find the feed on a page and add it to the catalogue.

    Try: `geonews sources add https://www.example.org --country FR --dry-run`
    """
    from app.sources.additions import append, entry_for

    path, catalogue = _path(sources), _catalogue(sources)
    found = asyncio.run(_find(url))
    for other in found[1:]:
        _console.print(f"also there: {other.url} ({other.title})", soft_wrap=True)
    text = entry_for(found[0], catalogue, country=country.upper(), language=language, tier=tier, kind=kind)
    _console.print(text, soft_wrap=True)
    if not dry_run:
        append(path, text)
        _console.print(f"added to {path}; `geonews sources run` polls it from its next start", soft_wrap=True)


@app.command("run")
@sources_app.command("run")
def run(
    sources: File = None,
    metrics_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of /metrics; 0 picks a free one.")] = 0,
) -> None:
    """Poll the catalogue's feeds until Ctrl-C; new articles go to the raw topic, each once.

    Start as many as you like: Kafka shares the sources among them, and moves those of one that dies. What is
    remembered of a source is in Kafka too. A worker does the same with GEONEWS_POLL_SOURCES=true.
    """
    import logging

    import uvloop

    from app.kafka.client import bootstrap_servers
    from app.logs import configure
    from app.sources.run import serve_until_signal

    settings, catalogue = _settings(sources), _catalogue(sources)
    bootstrap_servers(settings)  # a clear error now instead of endless attempts later
    configure(settings)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every retry; we tell what it means
    uvloop.run(serve_until_signal(settings, catalogue, metrics_port))


@sources_app.command("status")
def status(
    all_: Annotated[bool, typer.Option("--all", help="Those that are well too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="SourceHealth records, one a line.")] = False,
) -> None:
    """How the sources are doing, as their workers reported last: which fail and why, which fell silent.

    Try: `geonews sources status --json | jq 'select(.status == "silent") | .id'`
    """
    from app.settings import get_settings
    from app.sources.run import is_overdue, read_health

    reports = asyncio.run(read_health(get_settings()))
    if json:
        for report in reports:
            typer.echo(report.model_dump_json())
        return
    table = Table("id", "status", "last article", "last day", "usual", "fails", "why")
    for report in reports:
        if all_ or report.status not in ("ok", "new"):
            colour = _COLOURS[report.status]
            table.add_row(
                report.id,
                f"[{colour}]{report.status}[/]",
                f"{report.last_article:%Y-%m-%d %H:%M}" if report.last_article else "never",
                str(report.articles_last_day),
                "" if report.usual_per_day is None else f"{report.usual_per_day:.1f}",
                str(report.failures or ""),
                report.detail or "",
            )
    if table.rows:
        _console.print(table)
    counts = {word: sum(report.status == word for report in reports) for word in _COLOURS}
    _console.print(", ".join(f"{count} {word}" for word, count in counts.items()))
    if overdue := sum(is_overdue(report, datetime.now(UTC)) for report in reports):
        _console.print(f"[red]{overdue} are overdue[/]: nobody polls them. Is `geonews sources run` running?")


async def _check(chosen: "list[CatalogueSource]") -> "list[Checked]":
    from rich.progress import track

    from app.settings import get_settings
    from app.sources.check import check_all
    from app.sources.http import HttpClient
    from app.sources.parser import FeedParser

    settings = get_settings()
    results = []
    ticks = iter(track(range(len(chosen)), "asking feeds", console=Console(stderr=True), transient=True))
    async with HttpClient(settings) as http, FeedParser() as parser:
        async for result in check_all(chosen, settings, http, parser):
            results.append(result)
            next(ticks, None)
    next(ticks, None)
    return results


async def _find(url: str) -> "list[Found]":
    from app.settings import get_settings
    from app.sources.discovery import find_feeds
    from app.sources.http import HttpClient
    from app.sources.parser import FeedParser
    from app.sources.robots import Robots

    settings = get_settings()
    async with HttpClient(settings) as http, FeedParser() as parser:
        return await find_feeds(url, http, parser, Robots(http, settings.user_agent))


def _settings(path: Path | None) -> "Settings":
    from app.settings import get_settings

    return get_settings().model_copy(update={"sources": path} if path else {})


def _path(path: Path | None) -> Path:
    from app.sources.catalogue import catalogue_path

    return catalogue_path(_settings(path).sources)


def _catalogue(path: Path | None) -> "Catalogue":
    from app.sources.catalogue import load_catalogue

    return load_catalogue(_settings(path).sources)


def _chosen(catalogue: "Catalogue", country: str | None, language: str | None) -> "list[CatalogueSource]":
    return [
        source
        for source in catalogue.sources
        if (country is None or source.country == country.upper())
        and (language is None or source.language == language.lower())
    ]
