"""Server-sent events and HTTP chunks as bytes."""

RECONNECT_MS = 1000


def frame(data: bytes, *, position: str | None = None, event: str | None = None) -> bytes:
    """One server-sent event; `data` is a single line."""
    head = (f"event: {event}\n" if event else "") + (f"id: {position}\n" if position else "")
    return b"%sdata: %s\n\n" % (head.encode(), data)


def chunk(data: bytes) -> bytes:
    """The same bytes as one chunk of HTTP/1.1 (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)
