"""The HTTP API: one method an operation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel

from app.gateway import atom
from app.gateway.balance import balance
from app.gateway.cursor import from_cursor, to_cursor
from app.gateway.filters import (
    AlertsQuery,
    BadQuery,
    EventsQuery,
    FeedQuery,
    Filters,
    Query,
    SourcesQuery,
    StatsQuery,
    StoriesQuery,
    StreamQuery,
)
from app.gateway.follow import Follower
from app.gateway.health import HealthBoard, HealthEntry
from app.gateway.index import Index, Page
from app.gateway.index.asking import Asked
from app.gateway.item import fold
from app.gateway.lists import listing
from app.gateway.models import ClientAnswer, ClientsAnswer, TopicAnswer, TopicsAnswer
from app.gateway.problem import NotReady, problem
from app.gateway.stats import statistics
from app.gateway.store import Store
from app.gateway.stream import Hub
from app.gateway.topics import TopicInfo
from app.sources.catalogue import Catalogue
from schemas.channels import Channels

Q = TypeVar("Q", bound=Query)
_FRESH = {"Cache-Control": "no-cache"}


def answer(model: BaseModel, cache: str = "no-cache") -> web.Response:
    """A model as JSON."""
    return web.Response(
        body=model.model_dump_json().encode(), content_type="application/json", headers={"Cache-Control": cache}
    )


@dataclass(frozen=True)
class Api:
    """Answers requests from the index, the ring and the catalogue."""

    store: Store
    index: Index
    health: HealthBoard
    follower: Follower
    hub: Hub
    topics: list[TopicInfo]
    channels: Channels
    catalogue: Catalogue

    def _need_window(self) -> None:
        if not self.store.loaded:
            raise NotReady("; ".join(self.follower.reasons()))

    def _parsed(self, model: type[Q], request: web.Request) -> Q:
        return model.parse(request.query, [topic.id for topic in self.topics])

    async def _page(self, asked: Asked, query: EventsQuery | StoriesQuery | AlertsQuery) -> Page:
        before = None if query.cursor is None else _cursor(query.cursor)
        self._need_window()
        return await self.index.page(asked, before, query.limit)

    async def events(self, request: web.Request) -> web.Response:
        """A page of events; `position` is where `/v1/stream?after=` goes on without a gap."""
        query = self._parsed(EventsQuery, request)
        page = await self._page(query.asked(), query)
        return await listing(
            request, "event", query.format, [row.json for row in page.rows], _next(page), {"position": page.position}
        )

    async def stories(self, request: web.Request) -> web.Response:
        """A page of stories."""
        query = self._parsed(StoriesQuery, request)
        page = await self._page(query.asked(), query)
        return await listing(request, "story", query.format, [row.json for row in page.rows], _next(page))

    async def alerts(self, request: web.Request) -> web.Response:
        """A page of alerts."""
        query = self._parsed(AlertsQuery, request)
        page = await self._page(query.asked(), query)
        return await listing(request, "alert", query.format, [row.json for row in page.rows], _next(page))

    async def event(self, request: web.Request) -> web.Response:
        """One event of the window."""
        self._need_window()
        name = request.match_info["id"]
        found = await self.index.find("event", name)
        if found is None:
            return problem(404, "no recent event has this id")
        if found.withdrawn is not None:
            return problem(410, f"this event was withdrawn: {found.withdrawn}", reason=found.withdrawn)
        headers = dict(_FRESH)
        if found.successor is not None:
            headers["Link"] = f'</v1/events/{found.successor}>; rel="successor-version"'
        return web.Response(body=found.json, content_type="application/json", headers=headers)

    async def story(self, request: web.Request) -> web.Response:
        """One story, with the events of its articles."""
        self._need_window()
        found = await self.index.find("story", request.match_info["id"])
        if found is None:
            return problem(404, "no recent story has this id")
        ids = [article["id"] for article in orjson.loads(found.json)["articles"]]
        events = await self.index.standing("event", ids)
        body = found.json[:-1] + b',"events":[' + b",".join(events) + b"]}"
        return web.Response(body=body, content_type="application/json", headers=_FRESH)

    async def sources(self, request: web.Request) -> web.Response:
        """A page of sources by id, and the balance of the catalogue."""
        query = self._parsed(SourcesQuery, request)
        after = "" if query.cursor is None else query.cursor
        self._need_window()
        wanted = [entry for entry in self.health.entries() if entry.health.id > after and _answers(entry, query)]
        page = wanted[: query.limit]
        following = page[-1].health.id if len(wanted) > len(page) else None
        counts = await self.index.count(Filters().asked(), 0)
        events = {value: number for value, _, number in counts.by_tag.get("publisher", [])}
        weights = balance(self.catalogue, events).model_dump()
        return await listing(
            request, "source", query.format, [entry.json for entry in page], following, {"balance": weights}
        )

    async def stats(self, request: web.Request) -> web.Response:
        """Counts over the window."""
        query = self._parsed(StatsQuery, request)
        self._need_window()
        this_minute = int(datetime.now(UTC).timestamp()) // 60
        counts = await self.index.count(query.asked(), this_minute - query.minutes + 1)
        return answer(statistics(counts, [topic.id for topic in self.topics], this_minute, query.minutes))

    async def list_topics(self, _: web.Request) -> web.Response:
        """The taxonomy's topics, with the Kafka topic and the feed of each."""
        items = [
            TopicAnswer(
                id=topic.id,
                name=topic.name,
                description=topic.description,
                channel=self.channels.events_of(topic.id),
                feed=f"/v1/topics/{topic.id}/feed.atom",
            )
            for topic in self.topics
        ]
        return answer(TopicsAnswer(items=items), "max-age=60")

    async def feed(self, request: web.Request) -> web.Response:
        """A topic's newest events as an Atom feed."""
        query = self._parsed(FeedQuery, request)
        topic = next((topic for topic in self.topics if topic.id == request.match_info["topic"]), None)
        if topic is None:
            return problem(404, "no topic has this id: GET /v1/topics lists them")
        self._need_window()
        page = await self.index.page(query.asked_of([topic.id]), None, query.limit)
        own = str(request.url.with_query(request.query_string))
        rows = [row.json for row in page.rows]
        body = await asyncio.to_thread(atom.feed, topic, rows, own, str(request.url.origin()) + "/")
        return web.Response(
            body=body, content_type="application/atom+xml", charset="utf-8", headers={"Cache-Control": "max-age=60"}
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Records as they come; `Last-Event-ID` or `after` first brings those that the client lacks."""
        query = self._parsed(StreamQuery, request)
        return await self.hub.serve(request, query, request.headers.get("Last-Event-ID") or query.after)

    async def clients(self, _: web.Request) -> web.Response:
        """Who is connected to the stream."""
        now = asyncio.get_running_loop().time()
        items = [
            ClientAnswer(
                address=client.address,
                seconds=round(now - client.since, 1),
                behind=self.hub.behind(client),
                waiting_bytes=client.waiting,
            )
            for client in self.hub.clients
        ]
        return answer(ClientsAnswer(items=items), "no-store")


def _next(page: Page) -> str | None:
    return to_cursor(page.rows[-1].order) if page.more else None


def _cursor(text: str) -> tuple[int, int, int]:
    try:
        return from_cursor(text)
    except ValueError as error:
        raise BadQuery({"cursor": str(error)}) from None


def _answers(entry: HealthEntry, query: SourcesQuery) -> bool:
    health = entry.health
    filters: Sequence[tuple[Sequence[Any], Callable[[], bool]]] = (
        (query.country, lambda: health.country.upper() in query.country),
        (query.language, lambda: health.language.lower() in query.language),
        (query.source, lambda: not {health.id, health.domain}.isdisjoint(query.source)),
        (query.status, lambda: health.status in query.status),
    )
    return all(not wanted or holds() for wanted, holds in filters) and all(
        word in entry.words for word in fold(query.q).split()
    )
