"""Answers that were made in one piece: their ETag, 304 for who has them already, and compression."""

import asyncio
import zlib
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import brotli
import zstandard
from aiohttp import hdrs, web

from app.gateway.problem import Handler

LEAST_BYTES: Final = 1024  # less than this grows rather than shrinks
THREAD_BYTES: Final = 64 * 1024  # more than this is compressed off the event loop
_COMPRESSIBLE: Final = ("text/", "application/json", "application/problem+json", "application/x-ndjson")
_COMPRESSIBLE_MORE: Final = ("application/atom+xml", "image/svg+xml", "application/javascript", "application/manifest")


def _gzip(data: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(data) + compressor.flush()


CODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "zstd": lambda data: zstandard.ZstdCompressor(level=3).compress(data),
    "br": lambda data: brotli.compress(data, quality=5),
    "gzip": _gzip,
}


@web.middleware
async def encodings(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put an ETag on an answer, and answer 304 or compress it, as the request says."""
    response = await handler(request)
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes) or response.prepared:
        return response
    body = response.body
    if response.status == 200 and request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
        if hdrs.ETAG not in response.headers:
            # Weak: the same content has it in every encoding.
            response.headers[hdrs.ETAG] = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        if _has_it(request, response.headers[hdrs.ETAG]):
            kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
            return web.Response(status=304, headers=kept)
    if len(body) >= LEAST_BYTES and _compressible(response.content_type):
        _vary(response)
        if coding := best_coding(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
            compress = CODINGS[coding]
            small = len(body) < THREAD_BYTES
            response.body = compress(body) if small else await asyncio.to_thread(compress, body)
            response.headers[hdrs.CONTENT_ENCODING] = coding
    return response


_KEPT: Final = (hdrs.ETAG, hdrs.CACHE_CONTROL, hdrs.VARY, hdrs.LINK)


def _has_it(request: web.Request, etag: str) -> bool:
    tags = request.headers.get(hdrs.IF_NONE_MATCH, "")
    return tags.strip() == "*" or etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in tags.split(",")}


def _compressible(content_type: str) -> bool:
    return content_type.startswith((*_COMPRESSIBLE, *_COMPRESSIBLE_MORE))


def _vary(response: web.Response) -> None:
    before = response.headers.get(hdrs.VARY)
    response.headers[hdrs.VARY] = f"{before}, {hdrs.ACCEPT_ENCODING}" if before else hdrs.ACCEPT_ENCODING


def best_coding(accepted: str) -> str | None:
    """The coding that the client likes best, ours in order where it likes several as much; None: as it is."""
    qualities: dict[str, float] = {}
    for part in accepted.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        try:
            qualities[name] = next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        except ValueError:
            qualities[name] = 0.0
    liked = [(qualities.get(coding, qualities.get("*", 0.0)), coding) for coding in CODINGS]
    best = max(liked, key=lambda choice: choice[0])
    return best[1] if best[0] > qualities.get("identity", 0.0) * (qualities.get("identity", 0.0) < 1) else None
