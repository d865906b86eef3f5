"""A page of records in the format that is asked for."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web

from app.gateway.formats import MEDIA, Format, chosen, csv_of, ndjson


async def listing(
    request: web.Request,
    kind: str,
    wanted: Format | None,
    rows: Sequence[bytes],
    following: str | None,
    more: dict[str, Any] | None = None,
) -> web.Response:
    """The response; `rows` are JSON, `more` stands beside them where the format is JSON too."""
    format_ = chosen(request, wanted)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    if following is not None:
        target = request.rel_url.update_query(cursor=following)
        headers["Link"] = f'<{target}>; rel="next"'
    if format_ == "csv":
        body = await asyncio.to_thread(csv_of, rows, kind)
        headers["Content-Disposition"] = f'attachment; filename="geonews-{kind}.csv"'
    elif format_ == "ndjson":
        body = ndjson(rows)
    else:
        rest = orjson.dumps({"next_cursor": following} | (more or {}))
        body = b'{"items":[' + b",".join(rows) + b"]," + rest[1:]
    charset = None if format_ == "json" else "utf-8"
    return web.Response(body=body, content_type=MEDIA[format_], charset=charset, headers=headers)
