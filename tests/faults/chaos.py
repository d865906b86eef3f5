"""`make chaos`: articles stream through workers that are killed, frozen, added and removed, over a broker that dies.

Prints lost=0 duplicated=0 and the audit's verdict, and ends with exit code 0, when every article came out exactly once.
"""

import asyncio
import logging
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.classification.calibration import weights_path
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.kafka.admin import ensure_topics
from app.kafka.local import LocalKafka
from tests.conftest import TOPICS, make_settings
from tests.faults.articles import Generator
from tests.faults.fleet import Fleet
from tests.faults.mischief import Mischief
from tests.faults.verdict import judge

_console = Console(highlight=False)
_FEED_SECONDS = 0.25


def main(
    articles: Annotated[int, typer.Option(min=100, help="Raw records in all; a tenth are duplicates.")] = 200_000,
    seconds: Annotated[float, typer.Option(min=10, help="For how long faults happen and articles arrive.")] = 600,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one fault to the next.")] = 8,
    seed: Annotated[
        int | None, typer.Option(help="Repeats a run's articles and faults.", show_default="random")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=20, help="Workers that share the partitions.")] = 2,
) -> None:
    """Break workers and broker at random while articles stream through; prove that each came out exactly once.

    A quarter of the articles waits before the first worker starts, the others arrive evenly. Needs no Kafka: it starts
    and breaks its own.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away is no news here
    seed = random.randrange(10**6) if seed is None else seed
    home = Path(tempfile.mkdtemp(prefix="geonews-chaos-"))
    _console.print(f"chaos: {articles:,} articles, a fault every {every:g} s for {seconds:g} s, --seed {seed}")
    try:
        clean = asyncio.run(_run(home, articles, seconds, every, seed, "abcdefghijklmnopqrstuvwxyz"[:workers]))
    except BaseException:
        _console.print(f"logs are kept in {home}")
        raise
    if clean:
        shutil.rmtree(home, ignore_errors=True)
        return
    _console.print(f"logs are kept in {home}")
    raise typer.Exit(1)


async def _run(home: Path, articles: int, seconds: float, every: float, seed: int, names: str) -> bool:
    shipped = load_taxonomy(None)
    assert shipped.path is not None
    for path in (shipped.path, weights_path(shipped)):  # what is edited meanwhile changes no verdict
        shutil.copy(path, home / path.name)
    taxonomy = load_taxonomy(home / shipped.path.name)
    kafka = LocalKafka(home)
    await asyncio.to_thread(kafka.start)
    settings = make_settings(kafka.bootstrap, home).model_copy(update={"partitions": 8, "batch_records": 500})
    fleet = Fleet(settings, kafka, home, build_classifier("lexicon", taxonomy))
    fleet.environment = {"GEONEWS_CLASSIFIER": "lexicon", "GEONEWS_TAXONOMY": str(taxonomy.path)}
    fleet.articles = Generator(seed, settings.partitions)
    try:
        await ensure_topics(settings, TOPICS)
        await fleet.feeder.start()
        await fleet.feed(articles // 4)
        for name in names:
            fleet.worker(name)
        mischief = Mischief(fleet, seed, _log)
        await _storm(fleet, mischief, articles, seconds, every)
        return await _judged(fleet, mischief)
    finally:
        fleet.stop()
        await fleet.feeder.stop()
        kafka.stop()


async def _storm(fleet: Fleet, mischief: Mischief, articles: int, seconds: float, every: float) -> None:
    began, faults, fed = time.monotonic(), 0, len(fleet.feeder.sent)
    start, feeding = fed, None
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with Progress(*columns, console=_console) as progress:
        bar = progress.add_task("chaos", total=seconds, said="")
        while (elapsed := time.monotonic() - began) < seconds or fed < articles:
            if elapsed > every * (faults + 1) and elapsed < seconds:
                faults += 1
                mischief.strike()
            due = min(articles, start + int((articles - start) * elapsed / seconds))
            if due > fed and (feeding is None or feeding.done()):
                feeding, fed = asyncio.create_task(fleet.feed(due - fed)), due
            mischief.watch()
            memory = [f"{name} {worker.sample_memory() / 2**20:.0f} MiB" for name, worker in fleet.workers.items()]
            said = f"{len(fleet.feeder.sent):,} articles, {faults} faults, memory {', '.join(memory)}"
            progress.update(bar, completed=min(elapsed, seconds), said=said)
            await asyncio.sleep(_FEED_SECONDS)
        if feeding is not None:
            await feeding
        await mischief.end()
        progress.update(bar, completed=seconds, said=f"{len(fleet.feeder.sent):,} articles, {faults} faults")


async def _judged(fleet: Fleet, mischief: Mischief) -> bool:
    began = time.monotonic()
    with _console.status("waiting until all is done ..."):
        mischief.watch()
        await fleet.drained(600)
    _console.print(f"drained {time.monotonic() - began:.1f} s after the last fault")
    with _console.status("comparing what went in with what came out ..."):
        expected = fleet.expected()
        verdict = await judge(fleet.settings, expected)
    _console.print("faults: " + ", ".join(f"{count} {kind}" for kind, count in mischief.done.items()))
    memory = ", ".join(f"{name} {worker.max_rss / 2**20:.0f} MiB" for name, worker in fleet.workers.items())
    _console.print(f"largest memory: {memory}; slowest exit on SIGTERM: {mischief.slowest_exit:.1f} s")
    for problem in mischief.problems:
        _console.print(f"problem: {problem}", markup=False)
    _console.print(
        f"in={expected.records} expected={len(expected.groups)} url_duplicates={expected.url_duplicates} "
        f"invalid={len(expected.invalid)}"
    )
    _console.print(f"{verdict}", markup=False)
    _console.print(f"audit: {'not clean' if verdict.audit else 'clean'}")
    return verdict.is_clean and not mischief.problems


def _log(line: str) -> None:
    _console.print(f"{time.strftime('%H:%M:%S')} {line}")


if __name__ == "__main__":
    typer.run(main)
