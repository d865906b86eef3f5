"""`geonews classify`: the pure path, raw article to topics, without Kafka."""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.cli import app
from app.cli.evaluate import configured_classifier, configured_taxonomy
from app.errors import GeonewsError

if TYPE_CHECKING:
    from app.classification.base import Classifier, Verdict
    from app.steps.records import Article

READ_BYTES = 1 << 18
BATCH = 500
_stderr = Console(stderr=True, highlight=False)

Line = tuple[int, bytes]


@app.command()
def classify(
    file: Annotated[str, typer.Argument(help="JSON lines of raw articles; `-` is standard input.")] = "-",
    progress: Annotated[
        bool, typer.Option("--progress", help="Show a bar on standard error while reading a file.")
    ] = False,
) -> None:
    """Classify raw articles, one JSON object a line, and write one JSON line each, in order. No Kafka is needed.

    Each line out has `id`, `url`, `title` and `topics`: for each topic that the article belongs to its score (a
    probability), the threshold and the words that speak for it, with their position. A line that is no valid article
    gives `{"line": n, "error": {…}}` in its place, and exit code 1 at the end. Lines are answered as they arrive.

        echo '{"url": "https://example.org/1", "title": "EU and India sign trade deal"}' | geonews classify
    """
    classifier = configured_classifier(configured_taxonomy())
    bad = total = 0
    try:
        with _opened(file) as stream, _bar(file, progress and file != "-") as bar:
            for batch, done in _batches(stream):
                answers, rejected = answer(batch, classifier)
                sys.stdout.buffer.write(answers)
                sys.stdout.buffer.flush()
                total += len(batch)
                bad += rejected
                if bar is not None:
                    bar.update(bar.task_ids[0], completed=done)
    except BrokenPipeError:  # the reader has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        raise typer.Exit(0) from None
    if bad:
        _stderr.print(f"{bad} of {total} lines hold no valid article")
        raise typer.Exit(1)


def _opened(file: str) -> Any:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise GeonewsError(f"{file}: {error.strerror}") from error


def _bar(file: str, wanted: bool) -> Any:
    if not (wanted and _stderr.is_terminal):
        return nullcontext(None)
    bar = Progress(
        TextColumn("classify"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=_stderr,
        transient=True,
    )
    bar.add_task("classify", total=Path(file).stat().st_size)
    return bar


def _batches(stream: BinaryIO) -> Iterator[tuple[list[Line], int]]:
    """Batches of numbered lines that are not blank, and the bytes read so far; a batch is what has arrived."""
    number = read = 0
    for lines, size in _chunks(stream):
        read += size
        numbered = [(number + at, line) for at, line in enumerate(lines, 1) if line and not line.isspace()]
        number += len(lines)
        for start in range(0, len(numbered), BATCH):
            yield numbered[start : start + BATCH], read


def _chunks(stream: BinaryIO) -> Iterator[tuple[list[bytes], int]]:
    """Whole lines as they arrive, and how many bytes were read for them."""
    from schemas.article import MAX_RAW_BYTES

    rest: list[bytes] = []
    kept = 0
    while chunk := stream.read1(READ_BYTES):  # type: ignore[attr-defined]
        head, newline, tail = chunk.partition(b"\n")
        if kept <= MAX_RAW_BYTES:  # of a longer line only its size matters: it will be refused
            rest.append(head)
            kept += len(head)
        if not newline:
            continue
        first = b"".join(rest)
        *lines, last = tail.split(b"\n")
        rest, kept = [last], len(last)
        yield [first, *lines], len(chunk)
    if kept:
        yield [b"".join(rest)], 0


def answer(batch: list[Line], classifier: "Classifier") -> tuple[bytes, int]:
    """The lines that answer a batch, and how many of them are errors."""
    from app.steps.classify import classify as verdicts_of
    from app.steps.rejected import Rejected

    answers: list[Any] = []
    articles: list[Article] = []
    for number, line in batch:
        try:
            articles.append(_validated(line))
            answers.append(None)
        except Rejected as error:
            answers.append({"line": number, "error": _described(error)})
    verdicts = iter(zip(articles, verdicts_of(articles, classifier), strict=True))
    lines = [orjson.dumps(answer or _result(*next(verdicts))) for answer in answers]
    return b"\n".join([*lines, b""]), len(batch) - len(articles)


def _validated(line: bytes) -> "Article":
    from app.steps.records import Inbound
    from app.steps.validate import validate

    return validate(Inbound("", 0, 0, 0, None, line))


def _described(error: Any) -> dict[str, str]:
    return {"stage": error.stage, "reason": error.reason, "message": error.message}


def _result(article: "Article", verdict: "Verdict") -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "title": article.document.title,
        "topics": [
            {"topic": t.topic, "score": round(t.score, 4), "threshold": t.threshold, "evidence": t.evidence}
            for t in verdict.topics
        ],
    }
