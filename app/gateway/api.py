"""The HTTP API: one method a route."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.gateway.cursor import from_cursor, to_cursor
from app.gateway.filters import BadQuery, EventsQuery, StreamQuery
from app.gateway.follow import Follower
from app.gateway.position import Position
from app.gateway.problem import NotReady, problem
from app.gateway.stats import statistics
from app.gateway.store import Store
from app.gateway.stream import Hub
from app.gateway.topics import TopicInfo
from schemas.channels import Channels

T = TypeVar("T")
NO_STORE = {"Cache-Control": "no-store"}


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=orjson.dumps(value), content_type="application/json", charset="utf-8", headers=NO_STORE
    )


@dataclass(frozen=True)
class Api:
    """Answers requests from the store."""

    store: Store
    follower: Follower
    hub: Hub
    topics: list[TopicInfo]
    channels: Channels

    def routes(self) -> list[web.RouteDef]:
        """Every route of the API."""
        return [
            web.get("/v1/events", self.events),
            web.get("/v1/events/{id:[0-9a-f]{32}}", self.event),
            web.get("/v1/stream", self.stream, allow_head=False),
            web.get("/v1/topics", self.list_topics),
            web.get("/v1/stats", self.stats),
            web.get("/metrics", self.metrics),
            web.get("/livez", self.alive),
            web.get("/readyz", self.ready),
        ]

    def _need_window(self) -> None:
        if not self.store.loaded:
            raise NotReady("; ".join(self.follower.reasons()))

    @property
    def _topic_ids(self) -> list[str]:
        return [topic.id for topic in self.topics]

    async def events(self, request: web.Request) -> web.Response:
        """A page of events, newest first; `position` is where `/v1/stream?after=` goes on without a gap."""
        query = EventsQuery.parse(request.query, self._topic_ids)
        before = None if query.cursor is None else _parameter("cursor", from_cursor, query.cursor)
        self._need_window()
        found = list(islice(filter(query.matcher(), self.store.newest_first(before)), query.limit + 1))
        page = found[: query.limit]
        more = to_cursor(page[-1].order) if len(found) > len(page) else None
        body = b'{"events":[%s],"next":%s,"position":%s}' % (
            b",".join(item.json for item in page),
            orjson.dumps(more),
            orjson.dumps(self.store.position),
        )
        response = web.Response(body=body, content_type="application/json", charset="utf-8", headers=NO_STORE)
        response.enable_compression()
        return response

    async def event(self, request: web.Request) -> web.Response:
        """One event of the window."""
        self._need_window()
        item = self.store.get(request.match_info["id"])
        if item is None:
            return problem(404, "no recent event has this id")
        return web.Response(body=item.json, content_type="application/json", charset="utf-8", headers=NO_STORE)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Events as they come; `Last-Event-ID` or `after` first brings those that the client lacks."""
        query = StreamQuery.parse(request.query, self._topic_ids)
        name, after = "Last-Event-ID", request.headers.get("Last-Event-ID")
        if not after:
            name, after = "after", query.after
        position = _parameter(name, Position.parse, after) if after else None
        self._need_window()
        return await self.hub.serve(request, query.matcher(), position)

    async def list_topics(self, _: web.Request) -> web.Response:
        """The taxonomy's topics, with the Kafka topic of each."""
        return _json(
            {
                "topics": [
                    {
                        "id": topic.id,
                        "name": topic.name,
                        "description": topic.description,
                        "channel": self.channels.events_of(topic.id),
                    }
                    for topic in self.topics
                ]
            }
        )

    async def stats(self, _: web.Request) -> web.Response:
        """Counts over the window."""
        self._need_window()
        return _json(statistics(self.store, self._topic_ids, datetime.now(UTC)))

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus metrics of this process."""
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def alive(self, _: web.Request) -> web.Response:
        """Whether the process answers at all."""
        return _json({"status": "alive"})

    async def ready(self, _: web.Request) -> web.Response:
        """Whether the window has been read and Kafka is followed; 503 with reasons when not."""
        reasons = self.follower.reasons()
        body = {"ready": not reasons, "reasons": reasons, "events": len(self.store), "position": self.store.position}
        return _json(body, 503 if reasons else 200)


def _parameter(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise BadQuery({name: str(error)}) from None
