"""Lines of a file, a pipe or standard input, as bytes, plain, gzip or zstd, without blocking the event loop."""

import asyncio
import contextlib
import io
import threading
import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from itertools import chain
from pathlib import Path

import zstandard

from app.errors import SourceError
from app.sources.bodies import GZIP_MAGIC, Inflater
from schemas.channels import RAW_MESSAGE_BYTES

_CHUNK = 256 * 1024
_ZSTD_WINDOW = 128 * 1024 * 1024
_ZSTD_STEP = 1024
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
        except (OSError, zlib.error, zstandard.ZstdError) as error:
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
        first = raw.read(_CHUNK) or b""
        rest = iter(partial(raw.read, _CHUNK), b"")
        chunks = _counted(chain([first] if first else [], rest), on_read)
        if first.startswith(_ZSTD_MAGIC):
            yield from _unzstd(chunks, path)
        elif first.startswith(GZIP_MAGIC):
            yield from _gunzip(chunks, path)
        else:
            yield from chunks


def _counted(chunks: Iterable[bytes | None], on_read: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk:
            on_read(len(chunk))
            yield chunk


def _gunzip(chunks: Iterable[bytes], path: Path) -> Iterator[bytes]:
    inflater = Inflater("gzip")
    for chunk in chunks:
        yield from inflater.pieces(chunk)
    if not inflater.complete:
        raise SourceError(f"{path} ends in the middle of its gzip stream: its last articles are missing")


def _unzstd(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Frames one after another; a window that wants more than 128 MiB of memory is refused."""
    frames = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    data, complete = b"", True
    stream = frames.decompressobj(write_size=_CHUNK)
    for chunk in chunks:
        data = chunk
        while data:
            complete = False
            # in small steps: a kilobyte of a bomb becomes 32 MiB at most
            step, data = data[:_ZSTD_STEP], data[_ZSTD_STEP:]
            piece = stream.decompress(step)
            if piece:
                yield piece
            if stream.eof:
                data, complete = stream.unused_data + data, True
                stream = frames.decompressobj(write_size=_CHUNK)
    if not complete:
        raise SourceError(f"{path} ends in the middle of its zstd stream: its last articles are missing")


def _opened(path: Path) -> io.RawIOBase:
    # unbuffered: a read of a pipe then returns what is there, and no lock of sys.stdin is held at exit
    if path == STDIN:
        return io.FileIO(0, closefd=False)
    return io.FileIO(path)


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, zlib.error):
        return f"{path} is not valid gzip: {error}"
    if isinstance(error, zstandard.ZstdError):
        return f"{path} is not valid zstd: {error}"
    return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
