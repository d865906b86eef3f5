"""Company: concurrent calls go together, a lone one waits once and no longer, nobody suffers from another's text."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.classification import registry
from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.cascade import CascadeClassifier
from app.classification.company import Company, EncoderInCompany, InCompany, Turn, idle
from app.classification.encoder import Encoder
from app.classification.taxonomy import load_taxonomy
from app.delivery.turns import TakingTurns
from tests.model_tools import save_encoder, spotting_model

LONG = 60.0  # seconds, for waits that an event must end


def texts(*names: str) -> list[Document]:
    return [Document(name, "", "") for name in names]


class Recorder:
    """Work that notes its calls; "bad" makes it fail."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, documents: Sequence[Document]) -> list[str]:
        self.calls.append([document.title for document in documents])
        if any(document.title == "bad" for document in documents):
            raise ValueError("a bad text")
        return [document.title.upper() for document in documents]


class Waits:
    """Stands in for the clock: notes what was waited for, and returns when the event is set."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.begun = threading.Event()

    def __call__(self, full: threading.Event, seconds: float) -> None:
        self.asked.append(seconds)
        self.begun.set()
        assert full.wait(LONG)


@pytest.fixture
def threads() -> Any:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def together(threads: ThreadPoolExecutor, company: Company[str], waits: Waits, *calls: list[Document]) -> Any:
    """The outcome of calls that belong to one group, in order of their arrival."""
    futures: list[Future[Any]] = [threads.submit(company, calls[0])]
    assert waits.begun.wait(LONG)
    return futures + [threads.submit(company, call) for call in calls[1:]]


def test_a_lone_call_waits_once_for_as_long_as_is_set_and_no_longer() -> None:
    work, asked = Recorder(), []

    def time_is_up(full: threading.Event, seconds: float) -> None:
        asked.append((full.is_set(), seconds))

    company = Company(work, 0.02, wait=time_is_up)
    assert company(texts("a")) == ["A"]
    assert company(texts("b", "c")) == ["B", "C"]
    assert asked == [(False, 0.02), (False, 0.02)]
    assert work.calls == [["a"], ["b", "c"]]


def test_without_patience_nobody_waits() -> None:
    def never(full: threading.Event, seconds: float) -> None:
        raise AssertionError("waited")

    assert Company(Recorder(), 0, wait=never)(texts("a")) == ["A"]


def test_calls_of_several_threads_go_together_and_each_gets_its_own(threads: ThreadPoolExecutor) -> None:
    work, waits = Recorder(), Waits()
    company = Company(work, 0.02, enough=4, wait=waits)
    first, *others = together(threads, company, waits, texts("a"), texts("b", "c"), texts("d"))
    assert first.result(LONG) == ["A"]
    assert [each.result(LONG) for each in others] == [["B", "C"], ["D"]]
    assert [sorted(call) for call in work.calls] == [["a", "b", "c", "d"]]
    assert waits.asked == [0.02], "only the first one waits for the others"


def test_nobody_waits_for_lanes_that_are_not_at_work() -> None:
    full: list[bool] = []

    def wait(event: threading.Event, seconds: float) -> None:
        full.append(event.is_set())

    turn = Turn()
    company = Company(Recorder(), 0.02, wait=wait)
    assert turn.run(company, texts("a")) == ["A"]
    assert (full, turn.others) == ([True], 0)


def test_a_lane_at_work_is_waited_for_until_it_comes() -> None:
    work, waits = Recorder(), Waits()
    company = Company(work, 0.02, wait=waits)
    pool = TakingTurns(2, "test")
    second_begins = threading.Event()

    def first() -> Any:
        assert second_begins.wait(LONG)
        return company(texts("a"))

    def second() -> Any:
        return company(texts("b"))

    def submit_second() -> Any:
        future = pool.submit(second)
        while pool._turn.others < 2:  # it has a thread, and wants its turn
            threading.Event().wait(0.001)
        second_begins.set()
        return future

    one = pool.submit(first)
    other = submit_second()
    assert (one.result(LONG), other.result(LONG)) == (["A"], ["B"])
    assert work.calls == [["a", "b"]]
    pool.shutdown()


def test_who_comes_with_enough_waits_for_nobody() -> None:
    work = Recorder()

    def wait(full: threading.Event, seconds: float) -> None:
        assert full.is_set()

    assert len(Company(work, 0.02, enough=3, wait=wait)(texts("a", "b", "c", "d"))) == 4


def test_one_callers_bad_text_fails_that_caller_alone(threads: ThreadPoolExecutor) -> None:
    work, waits = Recorder(), Waits()
    company = Company(work, 0.02, enough=3, wait=waits)
    good, bad, fine = together(threads, company, waits, texts("good"), texts("bad"), texts("fine"))
    assert (good.result(LONG), fine.result(LONG)) == (["GOOD"], ["FINE"])
    with pytest.raises(ValueError, match="a bad text"):
        bad.result(LONG)
    assert len(work.calls) == 4


def test_a_lone_call_that_fails_is_made_once() -> None:
    work = Recorder()
    with pytest.raises(ValueError, match="a bad text"):
        Company(work, 0)(texts("bad", "a"))
    assert len(work.calls) == 1


def test_answers_never_go_to_another_caller(threads: ThreadPoolExecutor) -> None:
    calls: list[int] = []

    def forgetful(documents: Sequence[Document]) -> list[str]:
        calls.append(len(documents))
        return [document.title for document in documents if document.title != "lost"]

    waits = Waits()
    company = Company(forgetful, 0.02, enough=2, wait=waits)
    lost, kept = together(threads, company, waits, texts("lost"), texts("kept"))
    assert (lost.result(LONG), kept.result(LONG)) == ([], ["kept"])
    assert calls == [2, 1, 1]


def test_who_comes_while_the_model_is_busy_joins_those_that_wait(threads: ThreadPoolExecutor) -> None:
    busy, go_on = threading.Event(), threading.Event()
    calls: list[list[str]] = []

    def slow(documents: Sequence[Document]) -> list[str]:
        calls.append([document.title for document in documents])
        busy.set()
        assert go_on.wait(LONG)
        return calls[-1]

    joined = threading.Semaphore(0)

    class Counting(Company[str]):
        def _join(self, documents: Sequence[Document], turn: Turn | None) -> Any:
            found = super()._join(documents, turn)
            joined.release()
            return found

    company = Counting(slow, 0)
    futures = [threads.submit(company, texts("first"))]
    assert busy.wait(LONG)
    futures += [threads.submit(company, texts(name)) for name in ("second", "third", "fourth")]
    for _ in range(4):
        assert joined.acquire(timeout=LONG)
    go_on.set()
    assert [each.result(LONG) for each in futures] == [["first"], ["second"], ["third"], ["fourth"]]
    assert [sorted(call) for call in calls] == [["first"], ["fourth", "second", "third"]]


def test_only_one_thread_works_at_a_time() -> None:
    working, go_on, other = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        working.set()
        assert go_on.wait(LONG)

    pool = TakingTurns(2, "test")
    futures = [pool.submit(work), pool.submit(other.set)]
    assert working.wait(LONG)
    assert not other.wait(0.3)
    go_on.set()
    assert other.wait(LONG)
    for future in futures:
        future.result(LONG)
    pool.shutdown()


def test_another_goes_on_while_one_is_idle() -> None:
    meeting = threading.Barrier(4)

    def work() -> int:
        with idle():
            return meeting.wait(LONG)  # which all four reach only if each gives its turn away

    pool = TakingTurns(4, "test")
    assert sorted(each.result(LONG) for each in [pool.submit(work) for _ in range(4)]) == [0, 1, 2, 3]
    pool.shutdown()


def test_a_turn_is_given_back_after_an_error() -> None:
    turn = Turn()

    def fails() -> None:
        with idle():
            raise ValueError("x")

    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            turn.run(fails)
    assert turn.run(lambda: 3) == 3


class Letters:
    """A classifier: each text's topic is its title."""

    info = ModelInfo("letters", "1", "1")

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        self.sizes.append(len(documents))
        return [Verdict((TopicScore(document.title, 1.0, 0.5),), "letters") for document in documents]


def meet(threads: ThreadPoolExecutor, company: Any, calls: list[Callable[[], Any]]) -> list[Any]:
    """Make the calls in threads; the first waits until the others have joined it."""
    waits = Waits()
    company._wait, company._enough = waits, len(calls)
    return [each.result(LONG) for each in [threads.submit(call) for call in calls]]


def test_a_classifier_in_company_answers_as_without(threads: ThreadPoolExecutor) -> None:
    letters = Letters()
    company = InCompany(letters, 0.02)
    assert company.info is letters.info
    found = meet(threads, company._company, [partial(company.classify, texts(name)) for name in "abc"])
    assert [verdict.topics[0].topic for [verdict] in found] == ["a", "b", "c"]
    assert letters.sizes == [3]


def test_the_encoder_answers_in_company_as_alone(threads: ThreadPoolExecutor, tmp_path: Path) -> None:
    alone = Encoder.load(save_encoder(tmp_path, spotting_model("tariff", "shelling", "forum"), ["t", "u", "d"]))
    company = EncoderInCompany(alone, 0.02)
    documents = texts("tariff tariff", "shelling", "the forum and rain", "rain fell")
    calls: list[Callable[[], Any]] = [partial(company.logits, [own]) for own in documents]
    found = np.concatenate(meet(threads, company._company, calls))
    np.testing.assert_allclose(found, alone.logits(documents), atol=1e-5)


def test_what_workers_build_has_company_and_what_has_no_model_waits_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taxonomy = load_taxonomy()
    save_encoder(tmp_path, spotting_model("tariff", "shelling", "forum"), taxonomy.topic_ids)
    (tmp_path / "decisions.json").write_text("{}")
    monkeypatch.setattr("app.classification.encoder.encoder_directory", lambda: tmp_path)
    cascade = registry.build_classifier("cascade", taxonomy, patience=0.02)
    assert isinstance(cascade, CascadeClassifier)
    assert isinstance(cascade._encoder, EncoderInCompany)
    assert cascade._encoder._company._patience == 0.02
    alone = registry.build_classifier("cascade", taxonomy)
    assert isinstance(alone, CascadeClassifier)
    assert isinstance(alone._encoder, Encoder)
    assert type(registry.build_classifier("lexicon", taxonomy, patience=0.02)).__name__ == "LexiconClassifier"
