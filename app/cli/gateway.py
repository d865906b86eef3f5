"""`geonews gateway`."""

from typing import Annotated

import typer

from app.cli import app


@app.command()
def gateway(
    host: Annotated[str | None, typer.Option(help="Address to serve on (GEONEWS_GATEWAY_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port (GEONEWS_GATEWAY_PORT); 0 picks a free one.")
    ] = None,
) -> None:
    """Serve the live page at `/`, and the HTTP API that `/v1/openapi.json` and docs/http.md describe.

    It takes articles too, one or many, from who has a key for it: `POST /v1/articles`, `geonews keys create`.

    Needs no database: at start it reads the recent events from Kafka, then follows. `/readyz` says when it has.

    Try: `curl -N http://127.0.0.1:8080/v1/stream?topic=davos`
    """
    import logging

    import uvloop

    from app.gateway.server import run_until_signal
    from app.gateway.topics import topics_of
    from app.settings import get_settings

    given = {"gateway_host": host, "gateway_port": port}
    settings = get_settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the follower says once what it would say each second
    uvloop.run(run_until_signal(settings, topics_of(settings)))
