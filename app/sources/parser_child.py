"""The process that `app.sources.parser` starts: length-prefixed questions on stdin, answers on stdout."""

import contextlib
import json
import resource
import signal
import sys
from typing import Any, Final

import orjson

from app.errors import SourceError
from app.sources.pages import article_of, text_of
from app.sources.parsing import parse

_MOST_MEMORY: Final = 1024**3
_LENGTH: Final = 4


def main() -> None:
    """Answer until stdin ends; the kernel ends the process when one feed takes longer than argv[1] seconds."""
    seconds = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes stdin
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with contextlib.suppress(ValueError, OSError):  # not every system can limit it
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    while (head := _read()) and (body := _read()) is not None:
        signal.alarm(seconds)
        answer = _answer(orjson.loads(head), body)
        signal.alarm(0)
        sys.stdout.buffer.write(len(answer).to_bytes(_LENGTH, "big") + answer)
        sys.stdout.buffer.flush()


def _read() -> bytes | None:
    length = sys.stdin.buffer.read(_LENGTH)
    return sys.stdin.buffer.read(int.from_bytes(length, "big")) if len(length) == _LENGTH else None


def _answer(head: dict[str, str], body: bytes) -> bytes:
    try:
        if head.get("what") == "page":
            return _dumped({"text": text_of(body, head["url"], head["type"])})
        if head.get("what") == "article":
            return _dumped({"article": article_of(body, head["url"], head["type"])})
        feed = parse(body, url=head["url"], content_type=head["type"], language=head["language"])
        entries = [(entry.identity.hex(), entry.article) for entry in feed.entries]
        return _dumped({"entries": entries, "skipped": feed.skipped})
    except SourceError as error:
        return _dumped({"error": str(error)})
    except Exception as error:  # strangers' bytes find bugs in parsers: the feed's fault, not ours to die of
        return _dumped({"error": f"{head['url']} cannot be parsed: {type(error).__name__}: {error}"})


def _dumped(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:  # lone surrogates, which character references can make and UTF-8 cannot hold
        return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")


if __name__ == "__main__":
    main()
