"""Lines of a file, a pipe or standard input, as bytes, plain or gzip, without blocking the event loop."""

import asyncio
import contextlib
import io
import threading
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

from app.errors import SourceError
from app.sources.bodies import GZIP_MAGIC, Inflater
from schemas.channels import RAW_MESSAGE_BYTES

_CHUNK = 256 * 1024
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
STDIN = Path("-")


async def read_lines(path: Path, on_read: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
    """Yield each non-blank line without its newline, as soon as it has arrived; `on_read` hears of bytes read.

    A line larger than any Kafka record of the raw topic comes cut to just over that size, so that memory stays bounded
    and the producer still refuses it. Raises SourceError when the file cannot be read.
    """
    rest = b""
    first = True
    async with contextlib.aclosing(_chunks(path, on_read)) as chunks:
        async for chunk in chunks:
            text = chunk.removeprefix(_BOM) if first else chunk
            first = False
            *whole, last = (rest + text).split(b"\n")
            for line in whole:
                if line and not line.isspace():
                    yield line
            rest = last[: RAW_MESSAGE_BYTES + 1]
    if rest and not rest.isspace():
        yield rest


async def _chunks(path: Path, on_read: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
    """Read in a daemon thread: a read of a silent pipe cannot be cancelled, and must not hold up the process's end."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | SourceError | None] = asyncio.Queue(4)
    stopped = threading.Event()

    def hand_over(what: bytes | SourceError | None) -> None:
        if not stopped.is_set():
            asyncio.run_coroutine_threadsafe(queue.put(what), loop).result()

    def pump() -> None:
        try:
            for piece in _plain(path, on_read):
                hand_over(piece)
                if stopped.is_set():
                    return
            hand_over(None)
        except (OSError, zlib.error) as error:
            hand_over(SourceError(_unreadable(path, error)))
        except SourceError as error:
            hand_over(error)

    def run() -> None:
        with contextlib.suppress(CancelledError, RuntimeError):  # the loop has ended: nobody reads any more
            pump()

    threading.Thread(target=run, daemon=True, name=f"read {path}").start()
    try:
        while (piece := await queue.get()) is not None:
            if isinstance(piece, SourceError):
                raise piece
            yield piece
    finally:
        stopped.set()
        while not queue.empty():  # lets a thread that waits for room see that nobody reads any more
            queue.get_nowait()


def _plain(path: Path, on_read: Callable[[int], None]) -> Iterator[bytes]:
    """Decompressed pieces of at most 256 KiB. What a file holds decides, not how it is named."""
    with _opened(path) as raw:
        inflater: Inflater | None = None
        first = True
        while chunk := raw.read(_CHUNK):
            on_read(len(chunk))
            if first and chunk.startswith(_ZSTD_MAGIC):
                raise SourceError(f"{path} is compressed with zstd: use `zstdcat {path} | geonews ingest file -`")
            if first and chunk.startswith(GZIP_MAGIC):
                inflater = Inflater("gzip")
            first = False
            yield from inflater.pieces(chunk) if inflater else (chunk,)
        if inflater and not inflater.complete:
            raise SourceError(f"{path} ends in the middle of its gzip stream: its last articles are missing")


def _opened(path: Path) -> io.RawIOBase:
    # unbuffered: a read of a pipe then returns what is there, and no lock of sys.stdin is held at exit
    if path == STDIN:
        return io.FileIO(0, closefd=False)
    return io.FileIO(path)


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, zlib.error):
        return f"{path} is not valid gzip: {error}"
    return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
