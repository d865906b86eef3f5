"""`geonews worker`: one member of the consumer groups, until it is told to stop."""

from typing import Annotated

import typer

from app.cli import app as cli


@cli.command()
def worker(
    web_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /livez and /readyz; 0 picks a free one.", show_default=False)
    ] = None,
) -> None:
    """Read articles, classify, enrich and publish them, until Ctrl-C or SIGTERM.

    Start as many workers as you like: Kafka shares the partitions among them. `faust -A app.main worker` does the same.
    """
    import asyncio

    import faust
    import uvloop

    from app.kafka.client import bootstrap_servers
    from app.main import app, free_port, settings, watchdog

    bootstrap_servers(settings)  # a clear error now instead of endless attempts later
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if web_port is not None:
        app.conf.web_port = web_port or free_port(settings.web_host)
    typer.echo(
        f"worker {settings.worker_id}: metrics at http://{settings.web_host}:{app.conf.web_port}/metrics", err=True
    )
    watchdog.start()
    faust.Worker(app, loglevel=settings.log_level, quiet=True).execute_from_commandline()
