"""Operations as routes: each request is let in, counted and answered."""

from collections.abc import Sequence

import orjson
from aiohttp import web

from app.gateway import openapi
from app.gateway.access import Access, Denied
from app.gateway.operations import Handler, Operation
from app.metrics import GATEWAY_REQUESTS


def routes(operations: Sequence[Operation], topics: Sequence[str], access: Access) -> list[web.RouteDef]:
    """A route for each operation, and one for the document that describes them."""
    document = orjson.dumps(openapi.document(operations, topics))

    async def describe(_: web.Request) -> web.Response:
        headers = {"Cache-Control": "max-age=60"}
        return web.Response(body=document, content_type="application/json", headers=headers)

    return [
        web.get("/v1/openapi.json", describe),
        *(_route(operation, _guarded(operation, access)) for operation in operations),
    ]


def _route(operation: Operation, handler: Handler) -> web.RouteDef:
    if operation.method == "GET":
        # A stream has no end that HEAD could wait for.
        return web.get(operation.route_path, handler, allow_head="text/event-stream" not in operation.media)
    return web.route(operation.method, operation.route_path, handler)


def _guarded(operation: Operation, access: Access) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        status = 500
        try:
            if operation.scope is not None:
                access.admit(request, operation.scope, counted=operation.counted)
            response = await operation.handler(request)
            status = response.status
        except Denied as denied:
            response, status = denied.response, denied.response.status
        except Exception as error:
            status = getattr(error, "status", 500)
            raise
        finally:
            GATEWAY_REQUESTS.labels(operation.name, str(status)).inc()
        return response

    return answer
