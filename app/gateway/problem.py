"""Errors of the HTTP API as `application/problem+json` (RFC 9457)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from aiohttp import web

from app.gateway.filters import BadQuery

_log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotReady(Exception):
    """The window has not been read yet; `str(error)` says why."""

    status = 503


class NotAcceptable(Exception):
    """The request accepts none of the media types that can be given; `str(error)` names them."""

    status = 406


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> web.Response:
    """A response that says what is wrong and what to do about it."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem; one that nobody foresaw is logged and told without its inside."""
    try:
        return await handler(request)
    except BadQuery as error:
        errors = [{"parameter": name, "detail": detail} for name, detail in error.problems.items()]
        return problem(400, str(error), errors=errors)
    except NotAcceptable as error:
        return problem(406, f"these can be given: {error}")
    except NotReady as error:
        return problem(503, str(error), {"Retry-After": "1"})
    except web.HTTPException as error:
        if error.status < 400:
            raise
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return problem(error.status, error.text or error.reason, allow)
    except ConnectionError:
        raise  # the client has gone: nobody reads an answer
    except Exception:
        _log.exception("request failed", path=request.path)
        return problem(500, "the gateway failed at this request; its log says why")
