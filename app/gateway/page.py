"""The live page's files, and the headers that keep any page of ours harmless."""

from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


def routes() -> list[web.AbstractRouteDef]:
    """The page at `/`, its files under `/static/`."""
    return [web.get("/", _index), web.static("/static", STATIC)]


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every response; pages and their files are always checked for a newer version."""
    response.headers.update(_HEADERS)
    if request.path == "/" or request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"
