"""The Faust app: command line, supervision, web server and the agents of `agents/`.

`geonews worker` and `faust -A app.main worker` both start it. Faust's own consumer and producer stay off: records on
the critical path ride on lanes (`app.delivery`), because Faust acknowledges what an agent failed to process.
"""

import socket
from typing import Any

import faust
import orjson
from faust.app.base import BootStrategy
from faust.web import Request, Response, View

from app.delivery.watchdog import Watchdog
from app.exposition import exposition
from app.health import Health
from app.logs import configure
from app.settings import get_settings


def free_port(host: str) -> int:
    """A TCP port of `host` that nobody listens on now; Faust has no word for "any"."""
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


settings = get_settings()
health = Health()
watchdog = Watchdog(settings.stall_seconds)


class _LanesOnly(BootStrategy):
    """Web server, services and timers, but no Kafka client of Faust's own."""

    enable_kafka = False


class GeonewsApp(faust.App):
    """The app with our boot strategy."""

    BootStrategy = _LanesOnly


app = GeonewsApp(
    settings.namespace,
    broker="kafka://",
    autodiscover=["agents"],
    origin="agents",
    datadir=str(settings.home / "faust"),
    web_host=settings.web_host,
    web_bind=settings.web_host,
    web_port=settings.web_port or free_port(settings.web_host),
    topic_disable_leader=True,
    topic_allow_declare=False,
    worker_redirect_stdouts=False,
    logging_config=configure(settings),
)


@app.page("/livez")
class Live(View):
    """200 while the event loop answers."""

    async def get(self, _request: Request, **_: Any) -> Response:
        """Answer."""
        return self.text("ok\n")


@app.page("/readyz")
class Ready(View):
    """200 when every lane serves; else 503 with the reasons."""

    async def get(self, _request: Request, **_: Any) -> Response:
        """Answer with {"ready": bool, "reasons": {component: reason}}."""
        ready = health.is_ready
        body = orjson.dumps({"ready": ready, "reasons": health.reasons})
        return self.bytes(body, content_type="application/json", status=200 if ready else 503)


@app.page("/startupz")
class Started(View):
    """200 once every lane has served for the first time, and from then on; until then 503 with the reasons."""

    async def get(self, _request: Request, **_: Any) -> Response:
        """Answer with {"started": bool, "reasons": {component: reason}}."""
        started = health.has_started
        body = orjson.dumps({"started": started, "reasons": {} if started else health.reasons})
        return self.bytes(body, content_type="application/json", status=200 if started else 503)


@app.page("/metrics")
class Metrics(View):
    """Prometheus metrics."""

    async def get(self, request: Request, **_: Any) -> Response:
        """Answer in Prometheus's text format, or in OpenMetrics where the scraper asks for that."""
        body, content_type = exposition(request.headers.get("Accept"))
        return self.bytes(body, headers={"Content-Type": content_type})
