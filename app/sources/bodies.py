"""Decompression that cannot be made to fill the memory: it goes piece by piece, and bodies have a limit."""

import zlib
from collections.abc import Iterator
from typing import Final

from app.errors import FetchFailed

GZIP_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = 256 * 1024
_WINDOWS: Final = {"gzip": 31, "zlib": 15, "deflate": -15}


class Inflater:
    """Streaming gzip (several members too) and deflate (with and without its zlib wrapper)."""

    def __init__(self, coding: str) -> None:
        self.complete = False
        self._coding = coding
        self._stream: zlib._Decompress | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decompresses to, at most 256 KiB at a time. Raises zlib.error where it is broken."""
        while data:
            if self._stream is None or self._stream.eof:
                if self.complete and not (self._coding == "gzip" and data.startswith(GZIP_MAGIC)):
                    return  # padding after the end
                self._stream = zlib.decompressobj(_WINDOWS[self._flavour(data)])
            piece = self._stream.decompress(data, _PIECE)
            self.complete = self._stream.eof
            data = self._stream.unused_data if self.complete else self._stream.unconsumed_tail
            if piece:
                yield piece

    def _flavour(self, data: bytes) -> str:
        if self._coding == "deflate" and data[0] & 0x0F == 8:  # servers mean either thing by "deflate"
            return "zlib"
        return self._coding


class Body:
    """The body of a response while it arrives: bounded as sent, and bounded again as decompressed."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._coding = coding
        self._max = max_bytes
        self._received = 0
        self._size = 0
        self._pieces: list[bytes] = []
        self._inflater = Inflater("gzip" if coding == "x-gzip" else coding) if coding else None

    def feed(self, data: bytes) -> None:
        """Take what arrived. Raises FetchFailed when a limit is passed or the coding is broken."""
        self._received += len(data)
        if self._received > self._max:
            raise FetchFailed("too_large", f"larger than {self._max} bytes")
        if self._inflater is None:
            self._pieces.append(data)
        else:
            self._inflate(self._inflater, data)

    def finish(self) -> bytes:
        """The whole body; a gzip file that was served as it is comes decompressed too."""
        if self._inflater and self._received and not self._inflater.complete:
            raise FetchFailed("encoding", f"ends in the middle of its {self._coding} stream")
        body = b"".join(self._pieces)
        if self._inflater is None and body.startswith(GZIP_MAGIC):
            inner = Body("gzip", self._max)
            inner.feed(body)
            return inner.finish()
        return body

    def _inflate(self, inflater: Inflater, data: bytes) -> None:
        try:
            for piece in inflater.pieces(data):
                self._size += len(piece)
                if self._size > self._max:
                    raise FetchFailed("too_large", f"decompresses to more than {self._max} bytes")
                self._pieces.append(piece)
        except zlib.error as error:
            raise FetchFailed("encoding", f"is not valid {self._coding}: {error}") from error
