"""POST /v1/articles: one article or many onto the raw topic; 202 once Kafka has all of them for certain."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from math import ceil
from typing import Any, Final

import orjson
import structlog
from aiohttp import web

from app.errors import KafkaUnavailable
from app.gateway.access import CALLER
from app.gateway.problem import problem
from app.gateway.push_limits import MOST_ARTICLES, MOST_BYTES
from app.metrics import PUSHED
from app.settings import Settings
from app.sources.base import Item
from app.sources.publish import RawProducer, Tally
from app.steps.records import Inbound
from app.steps.rejected import Rejected
from app.steps.validate import validate
from schemas.dead_letter import Reason

_log = structlog.get_logger(__name__)
_ACKNOWLEDGE_SECONDS: Final = 15.0
_MOST_ERRORS: Final = 50


class Refused(Exception):
    """The request cannot be taken; `response` says why."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


class _Pushed:
    """One request's articles, as a source."""

    kind = "push"
    name = "POST /v1/articles"

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    async def items(self) -> AsyncGenerator[Item, None]:
        for item in self._items:
            yield item


class Push:
    """Takes articles over HTTP. All of a request are taken, or none; sending it again does no harm."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: RawProducer | None = None
        self._opening = asyncio.Lock()

    async def articles(self, request: web.Request) -> web.Response:
        """202 with the ids that the articles' events will have, or a problem; nothing is sent before it is checked."""
        try:
            response = await self._take(request)
        except Refused as refused:
            response = refused.response
        PUSHED.labels(str(response.status)).inc()
        return response

    async def _take(self, request: web.Request) -> web.Response:
        allowance = request[CALLER].articles
        values = _split(await _body(request), request.content_type)
        if wait := allowance.take(len(values)):
            detail = f"more than {self._settings.push_rate:g} articles a second under this key"
            raise Refused(problem(429, detail, {"Retry-After": str(ceil(wait))}))
        try:
            items, ids = await asyncio.to_thread(_checked, values, self._settings.channels.raw)
            await self._send(items)
        except Refused:
            allowance.give_back(len(values))
            raise
        return web.json_response({"accepted": len(ids), "ids": ids}, status=202)

    async def _send(self, items: Sequence[Item]) -> None:
        producer = None
        try:
            async with asyncio.timeout(_ACKNOWLEDGE_SECONDS):
                producer = await asyncio.shield(asyncio.ensure_future(self._opened()))
                await producer.publish(_Pushed(items), Tally())
        except (KafkaUnavailable, TimeoutError) as error:
            if producer is not None and producer is self._producer:
                self._producer = None  # one that has failed stays failed
                self._closing = asyncio.ensure_future(producer.__aexit__(None, None, None))
            why = str(error) or "Kafka has not acknowledged the articles in time"
            _log.warning("pushed articles were not taken", why=why, articles=len(items))
            raise Refused(problem(503, f"{why}; send them again, they count once", {"Retry-After": "5"})) from error

    async def _opened(self) -> RawProducer:
        async with self._opening:
            if self._producer is None:
                self._producer = await RawProducer(self._settings, stall_seconds=_ACKNOWLEDGE_SECONDS).__aenter__()
            return self._producer

    async def close(self) -> None:
        """Let go of Kafka."""
        if self._producer is not None:
            await self._producer.__aexit__(None, None, None)


async def _body(request: web.Request) -> bytes:
    """The body, as sent and as decompressed at most `MOST_BYTES`."""
    too_large = problem(413, f"at most {MOST_BYTES} bytes and {MOST_ARTICLES} articles are taken at once")
    if (request.content_length or 0) > MOST_BYTES:
        raise Refused(too_large)
    pieces, size = [], 0
    async for piece in request.content.iter_chunked(64 * 1024):
        size += len(piece)
        if size > MOST_BYTES:
            raise Refused(too_large)
        pieces.append(piece)
    return b"".join(pieces)


def _split(body: bytes, content_type: str) -> list[bytes]:
    """Each article's own bytes. Raises Refused for what is neither an object, nor an array, nor lines of JSON."""
    if content_type in ("application/x-ndjson", "application/jsonl", "application/json-lines"):
        values = [line for line in body.split(b"\n") if line.strip()]
    elif content_type in ("application/json", "application/octet-stream"):
        try:
            loaded: Any = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Refused(problem(422, f"the body is not valid JSON: {error}")) from error
        values = [orjson.dumps(one) for one in loaded] if isinstance(loaded, list) else [body]
    else:
        raise Refused(problem(415, "send application/json (an object or an array) or application/x-ndjson"))
    if not values:
        raise Refused(problem(422, "the body holds no article"))
    if len(values) > MOST_ARTICLES:
        raise Refused(problem(413, f"{len(values)} articles; at most {MOST_ARTICLES} are taken at once"))
    return values


def _checked(values: Sequence[bytes], topic: str) -> tuple[list[Item], list[str]]:
    """Items and event ids. Raises Refused naming every article that the pipeline would dead-letter."""
    items, ids, errors = [], [], []
    now_ms = int(time.time() * 1000)
    for index, value in enumerate(values):
        try:
            article = validate(Inbound(topic, 0, 0, now_ms, None, value))
        except Rejected as why:
            errors.append({"article": index, "reason": why.reason.value, "detail": why.message})
            continue
        items.append(Item(value, article.url))
        ids.append(article.id)
    if errors:
        status = 413 if any(error["reason"] == Reason.TOO_LARGE.value for error in errors) else 422
        detail = f"{len(errors)} of {len(values)} articles cannot be taken, so none was"
        raise Refused(problem(status, detail, errors=errors[:_MOST_ERRORS]))
    return items, ids
