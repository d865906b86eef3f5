"""The live page's files, and the headers that keep any page of ours harmless."""

import asyncio
import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

from app.gateway.access import ALLOWANCE

STATIC: Final = Path(__file__).parent / "static"
HASHED: Final = "assets"  # names in this folder hold a hash of the content
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TYPES: Final = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}
_UNBUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>geonews: the live page is not built</title>
<h1>The live page is not built</h1>
<p>This gateway runs from a checkout in which nobody has built the page. <code>make web</code> builds it, and so do
<code>make setup</code> and <code>make run</code>; then reload. Nothing else is missing: the events are at
<a href="/v1/events">/v1/events</a>, the API at <a href="/v1/openapi.json">/v1/openapi.json</a>.</p>
</html>
"""


async def _file(request: web.Request) -> web.Response:
    """`/` is `index.html`; any other path is a file below the folder."""
    name = request.match_info.get("path") or "index.html"
    content = await asyncio.to_thread(read_file, STATIC, name)
    if content is None and name == "index.html":
        return web.Response(status=503, text=_UNBUILT, content_type="text/html", headers={"Cache-Control": "no-store"})
    if content is None:
        raise web.HTTPNotFound(text="there is nothing at this address: the page is at /, the API at /v1/openapi.json")
    hashed = name.startswith(f"{HASHED}/")
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind.endswith(("json", "xml"))
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache"}
    return web.Response(body=content, content_type=kind, charset="utf-8" if text else None, headers=headers)


def read_file(folder: Path, name: str) -> bytes | None:
    """The content of a file below the folder; None when there is none, or it lies elsewhere."""
    try:
        path = (folder / name).resolve(strict=True)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return None
    return path.read_bytes()


def routes() -> list[web.AbstractRouteDef]:
    """The page at `/`, its files beside it; they come after all other routes."""
    return [web.get("/", _file), web.get("/{path:(?!v1/).+}", _file)]


async def guard(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the security headers on every response, and what is left of the caller's allowance."""
    response.headers.update(_HEADERS)
    if (allowance := request.get(ALLOWANCE)) is not None:
        response.headers.update(allowance.headers())
