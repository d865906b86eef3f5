"""The gateway process: one event loop that follows Kafka, sweeps the stream and answers HTTP."""

import asyncio
import gc
import resource
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from app import tracing
from app.errors import ConfigurationError
from app.gateway import page, routing
from app.gateway.access import Access
from app.gateway.api import Api
from app.gateway.cors import Cors
from app.gateway.encoding import encodings
from app.gateway.follow import Follower
from app.gateway.health import HealthBoard
from app.gateway.index import Index
from app.gateway.offers import operations
from app.gateway.problem import problems
from app.gateway.push import Push
from app.gateway.store import Store
from app.gateway.stream import Hub
from app.gateway.system import System
from app.gateway.topics import TopicInfo
from app.settings import Settings
from app.sources.catalogue import load_catalogue

MOST_BODY_BYTES = 64 * 1024  # of a request; articles have limits of their own
ACCEPT_BACKLOG = 4096  # after a restart all clients come at once


@dataclass(frozen=True)
class Gateway:
    """A gateway that serves."""

    host: str
    port: int
    store: Store
    index: Index
    follower: Follower
    hub: Hub
    tasks: list[asyncio.Task[None]]  # they never end by themselves: one that does has met a defect

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.port}/"


@asynccontextmanager
async def serving(settings: Settings, topics: Sequence[TopicInfo]) -> AsyncIterator[Gateway]:
    """A gateway that answers requests inside the block, even before it reaches Kafka: `/readyz` says whether it has.

    Raises ConfigurationError when the port is taken.
    """
    tracing.start(settings)
    store = Store(settings.gateway_window)
    index = Index(settings.gateway_window, settings.gateway_window_hours)
    health = HealthBoard()
    follower = Follower(settings, store, index, health)
    hub = Hub(store, settings.gateway_backlog, settings.gateway_heartbeat_seconds, settings.gateway_clients)
    push = Push(settings)
    catalogue = load_catalogue(settings.sources)
    api = Api(store, index, health, follower, hub, list(topics), settings.channels, catalogue)
    cors = Cors(settings.cors_origins)
    web_app = web.Application(middlewares=[cors.preflight, encodings, problems], client_max_size=MOST_BODY_BYTES)
    web_app.add_routes(routing.routes(operations(api, push), [topic.id for topic in topics], Access(settings)))
    web_app.add_routes(System(store, index, follower).routes())
    web_app.add_routes(page.routes())
    web_app.on_response_prepare.append(page.guard)
    web_app.on_response_prepare.append(cors.on_prepare)
    runner = web.AppRunner(web_app, access_log=None, handler_cancellation=True, shutdown_timeout=3.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.gateway_host, settings.gateway_port, backlog=ACCEPT_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"cannot serve on {settings.gateway_host}:{settings.gateway_port} ({error.strerror}); "
                "set GEONEWS_GATEWAY_HOST and GEONEWS_GATEWAY_PORT (0 picks a free port)"
            ) from None
        hub.start()
        tasks = [asyncio.create_task(follower.run()), asyncio.create_task(hub.sweep())]
        try:
            yield Gateway(settings.gateway_host, runner.addresses[0][1], store, index, follower, hub, tasks)
        finally:
            hub.drop_all("shutdown")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await runner.cleanup()
        await push.close()
        await index.close()


async def run_until_signal(settings: Settings, topics: Sequence[TopicInfo]) -> None:
    """Serve until SIGINT or SIGTERM; the address goes to standard output."""
    allow_many_connections()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(settings, topics) as gateway:
        print(f"geonews gateway: {gateway.address}", flush=True)  # noqa: T201 - what starts us reads the port here
        settled = asyncio.create_task(_settle(gateway.store))
        stopped = asyncio.create_task(stop.wait())
        ended, _ = await asyncio.wait([stopped, *gateway.tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        settled.cancel()


async def _settle(store: Store) -> None:
    """What the window holds stays: the collector need not walk through it while events wait."""
    await store.until_loaded()
    gc.collect()
    gc.freeze()


def allow_many_connections() -> None:
    """As many open sockets as the system lets this process have without asking."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
