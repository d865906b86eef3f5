"""What operators ask: metrics, liveness, readiness."""

from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from app.exposition import exposition
from app.gateway.follow import Follower
from app.gateway.index import Index
from app.gateway.store import Store


def _json(value: Any, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json", headers=headers)


@dataclass(frozen=True)
class System:
    """Open to all who reach the port, and no part of the API's contract."""

    store: Store
    index: Index
    follower: Follower

    def routes(self) -> list[web.RouteDef]:
        """The three of them."""
        return [
            web.get("/metrics", self.metrics),
            web.get("/livez", self.alive),
            web.get("/readyz", self.ready),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus metrics of this process."""
        body, content_type = exposition(request.headers.get("Accept"))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def alive(self, _: web.Request) -> web.Response:
        """Whether the process answers at all."""
        return _json({"status": "alive"})

    async def ready(self, _: web.Request) -> web.Response:
        """Whether the window has been read and Kafka is followed; 503 with reasons when not."""
        reasons = self.follower.reasons()
        await self.index.settled()
        body = {
            "ready": not reasons,
            "reasons": reasons,
            "events": self.index.held.get("event", 0),
            "position": self.store.position,
        }
        return _json(body, 503 if reasons else 200)
