"""Shadow mode: the live answer is untouched, differences are noted, and the report adds them up."""

import threading
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from app.classification import shadow as shadow_module
from app.classification.base import Classifier, Document, ModelInfo, TopicScore, Verdict
from app.classification.shadow import BACKLOG, ShadowClassifier
from app.cli import app
from app.cli import shadow as _command  # noqa: F401 (registers the command)


class Words:
    """A text belongs to each topic whose name it contains."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics
        self.info = ModelInfo("words", "1", "1")

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        return [
            Verdict(tuple(TopicScore(topic, 0.9, 0.5) for topic in self.topics if topic in document.text), "words")
            for document in documents
        ]


TEXTS = [Document("one", "", "war"), Document("two [b]", "", "trade and war", "en"), Document("three", "", "rain")]


def watched(path: Path, shadow: Classifier) -> ShadowClassifier:
    return ShadowClassifier(Words("war"), lambda: shadow, path / "home" / "shadow.jsonl")


def test_differences_are_noted_and_the_live_answer_stands(tmp_path: Path) -> None:
    live = watched(tmp_path, Words("war", "trade"))
    assert live.classify(TEXTS) == Words("war").classify(TEXTS)
    assert live.info.model == "words"
    live.settle()
    lines = [orjson.loads(line) for line in (tmp_path / "home" / "shadow.jsonl").read_bytes().splitlines()]
    assert lines == [
        {"agreed": 2},
        {
            "title": "two [b]",
            "language": "en",
            "live": {"war": 0.9},
            "shadow": {"war": 0.9, "trade": 0.9},
            "stages": ["words", "words"],
        },
    ]
    report = CliRunner().invoke(app, ["shadow", "report", "--file", str(tmp_path / "home" / "shadow.jsonl")])
    assert report.exit_code == 0, report.output
    assert "3 texts, the same topics for 2 (66.67%)" in report.output
    assert "two [b] (en) live: war · shadow: war, trade" in report.output


def test_a_shadow_that_fails_is_a_finding(tmp_path: Path) -> None:
    class Broken(Words):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            raise RuntimeError("no such weights")

    live = watched(tmp_path, Broken())
    assert len(live.classify(TEXTS)) == 3
    live.classify(TEXTS)
    live.settle()
    report = CliRunner().invoke(app, ["shadow", "report", "--file", str(tmp_path / "home" / "shadow.jsonl")])
    assert "failed 2 times: RuntimeError: no such weights" in report.output


def test_a_slow_shadow_makes_nobody_wait(tmp_path: Path) -> None:
    gate = threading.Event()

    class Slow(Words):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            gate.wait()
            return super().classify(documents)

    live = watched(tmp_path, Slow("war"))
    for _ in range(BACKLOG * 4):
        assert len(live.classify(TEXTS)) == 3
    gate.set()
    live.settle()
    lines = (tmp_path / "home" / "shadow.jsonl").read_bytes().splitlines()
    assert BACKLOG <= len(lines) <= 2 * BACKLOG


def test_what_waits_for_the_shadow_goes_there_together_and_fails_apart(tmp_path: Path) -> None:
    gate, begun = threading.Event(), threading.Event()
    sizes: list[int] = []

    class Picky(Words):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            sizes.append(len(documents))
            begun.set()
            gate.wait()
            if any(document.title == "poison" for document in documents):
                raise RuntimeError("cannot read this")
            return super().classify(documents)

    live = watched(tmp_path, Picky("war"))
    live.classify(TEXTS)
    assert begun.wait(60)
    live.classify(TEXTS)
    live.classify([Document("poison", "", "")])
    live.classify(TEXTS[:1])
    gate.set()
    live.settle()
    assert sizes == [3, 5, 3, 1, 1]
    notes = [orjson.loads(line) for line in (tmp_path / "home" / "shadow.jsonl").read_bytes().splitlines()]
    assert notes == [{"agreed": 3}, {"agreed": 3}, {"error": "RuntimeError: cannot read this"}, {"agreed": 1}]


def test_the_notes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_module, "LARGEST", 100)
    live = watched(tmp_path, Words("trade"))
    for _ in range(5):
        live.classify(TEXTS)
        live.settle()
    files = sorted((tmp_path / "home").iterdir())
    assert [path.name for path in files] == ["shadow.jsonl", "shadow.jsonl.1"]
    assert all(path.stat().st_size < 1000 for path in files)


def test_a_report_without_notes_says_how_to_get_some(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["shadow", "report", "--file", str(tmp_path / "none.jsonl")])
    assert "GEONEWS_SHADOW_CLASSIFIER" in str(result.exception)
