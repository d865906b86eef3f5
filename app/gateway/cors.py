"""Other web pages may read what GEONEWS_CORS_ORIGINS lets them."""

from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from app.gateway.problem import Handler

_METHODS: Final = "GET, HEAD, POST"
_REQUEST_HEADERS: Final = "Authorization, X-API-Key, Content-Type, Last-Event-ID, If-None-Match, Cache-Control"
_RESPONSE_HEADERS: Final = "ETag, Link, Retry-After, RateLimit, RateLimit-Policy"
_SECONDS: Final = "600"


class Cors:
    """Cross-origin requests by the fetch standard. Keys travel in headers, so no credentials are ever allowed."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origin.rstrip("/") for origin in origins)

    def _allowed(self, request: web.BaseRequest) -> str | None:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return None
        if self._any:
            return "*"
        return origin if origin in self._origins else None

    async def on_prepare(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Say on every answer who may read it."""
        if self._origins and not self._any:
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if allowed := self._allowed(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = allowed
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _RESPONSE_HEADERS

    @property
    def preflight(self) -> Middleware:
        """Answers preflight requests."""

        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
            asks = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
            if not asks or self._allowed(request) is None:
                return await handler(request)
            headers = {
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _REQUEST_HEADERS,
                hdrs.ACCESS_CONTROL_MAX_AGE: _SECONDS,
            }
            return web.Response(status=204, headers=headers)

        return answer
