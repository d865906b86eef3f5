"""`geonews classify` as a process: order, bad lines, exit codes, lines answered as they arrive."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.cli.classify import _chunks

COMMAND = [sys.executable, "-c", "from app.cli import main; main()", "classify"]
DEAL = {"url": "https://example.org/1", "title": "EU and India sign free trade agreement"}
PLAIN = {"url": "https://example.org/2", "title": "A quiet day in the garden"}


def run(given: bytes, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments], input=given, capture_output=True, check=False, env=os.environ | environment, timeout=60
    )


def lines(*articles: Any) -> bytes:
    return b"".join(json.dumps(article).encode() + b"\n" for article in articles)


def test_one_line_each_in_order() -> None:
    result = run(lines(DEAL, PLAIN, DEAL))
    assert (result.returncode, result.stderr) == (0, b"")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [[topic["topic"] for topic in answer["topics"]] for answer in answers] == [
        ["trade-deals"],
        [],
        ["trade-deals"],
    ]
    assert answers[0]["url"] == DEAL["url"]
    assert answers[0]["title"] == DEAL["title"]
    assert len(answers[0]["id"]) == 32
    [topic] = answers[0]["topics"]
    assert topic["threshold"] <= topic["score"] <= 1
    for span in topic["evidence"]:
        assert span["text"] == DEAL[span["field"]][span["start"] : span["end"]]


def test_bad_lines_answer_in_place_and_fail_at_the_end() -> None:
    result = run(b"\n" + lines(PLAIN) + b"{oops\n\n" + lines({"url": "ftp://x", "title": "t"}, DEAL))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert ["error" in answer for answer in answers] == [False, True, True, False]
    assert [answer["line"] for answer in answers if "error" in answer] == [3, 5]
    assert answers[1]["error"]["reason"] == "not-json"
    assert b"2 of 4 lines" in result.stderr


def test_files_and_the_last_line_without_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(lines(DEAL, PLAIN).rstrip(b"\n"))
    result = run(b"", str(path), "--progress")
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 2)


def test_nothing_in_nothing_out() -> None:
    result = run(b"")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_a_line_is_answered_before_the_next_one_comes() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for article in (DEAL, PLAIN):
            process.stdin.write(lines(article))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["url"] == article["url"]
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(lines(DEAL))
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        with suppress(BrokenPipeError):  # it may be gone before it has read everything
            process.stdin.write(lines(*[DEAL] * 2000))
            process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["nowhere.jsonl"], {}, b"nowhere.jsonl: No such file"),
        ([], {"GEONEWS_CLASSIFIER": "oracle"}, b"GEONEWS_CLASSIFIER is one of "),
        ([], {"GEONEWS_TAXONOMY": "nowhere.yaml"}, b"set GEONEWS_TAXONOMY to a file that exists"),
    ],
)
def test_what_cannot_work_says_so_in_one_line(
    arguments: list[str], environment: dict[str, str], message: bytes
) -> None:
    result = run(b"", *arguments, **environment)
    assert result.returncode == 2
    assert result.stdout == b""
    assert message in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_long_lines_cost_no_more_memory_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * (5 << 20) + b"\nshort\n")
    with path.open("rb") as stream:
        found = [line for chunk, _ in _chunks(stream) for line in chunk]
    assert found[1:] == [b"short"]
    assert 1 << 20 < len(found[0]) < 2 << 20
