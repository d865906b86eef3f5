"""Company for articles that wait for a model: what several threads ask within a moment is asked at once.

A model reads twenty texts together in less time than one by one, and the lanes of a worker each bring a few. So the
first that comes waits a little for others: no longer than until there are ENOUGH, or until no other lane is at work
that could come. Nobody waits twice.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from app.classification.base import Classifier, Document, ModelInfo, Verdict

if TYPE_CHECKING:  # a worker with the lexicon alone need not hold numpy in memory
    from app.classification.cascade import Model
    from app.classification.encoder import Logits

ENOUGH: Final = 32  # documents, with which nobody waits for more
_mine = threading.local()

T = TypeVar("T")
Work = Callable[[Sequence[Document]], Sequence[T]]


class Company(Generic[T]):
    """`work`, one call at a time, for callers in several threads: those that come within `patience` seconds share one.

    Where a shared call fails, each caller's own documents are asked about alone: no one suffers from another's.
    """

    def __init__(
        self,
        work: Work[T],
        patience: float,
        enough: int = ENOUGH,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        """`wait(full, seconds)` returns when the event is set, or after so many seconds; tests bring their own."""
        self._work, self._patience, self._enough, self._wait = work, patience, enough, wait
        self._lock = threading.Lock()  # of `_open` and of who belongs to it
        self._running = threading.Lock()
        self._open: _Group[T] | None = None

    def __call__(self, documents: Sequence[Document]) -> Sequence[T]:
        """What `work` answers for these documents. Raises what it raises for them."""
        with idle() as turn:
            group, start, leads = self._join(documents, turn)
            if leads:
                self._lead(group)
            else:
                group.done.wait()
            if group.answers is not None:
                return group.answers[start : start + len(documents)]
            if group.error is not None and len(documents) == len(group.documents):
                raise group.error
            with self._running:
                return self._work(documents)

    def _join(self, documents: Sequence[Document], turn: "Turn | None") -> "tuple[_Group[T], int, bool]":
        """A group that these documents go with, their place in it, and whether this caller is its first."""
        with self._lock:
            leads = self._open is None
            group = self._open = self._open or _Group()
            start = len(group.documents)
            group.documents += documents
            if len(group.documents) >= self._enough or (turn is not None and not turn.others):
                group.full.set()
            return group, start, leads

    def _lead(self, group: "_Group[T]") -> None:
        try:
            if self._patience:
                self._wait(group.full, self._patience)
            with self._running:  # while another group is at it, more may still come
                self._close(group)
                answers = self._work(group.documents)
                # Too few or too many answers would be other callers' answers.
                group.answers = answers if len(answers) == len(group.documents) else None
        except Exception as error:  # what a model raises; each caller finds out whether it was for its own documents
            group.error = error
        finally:
            self._close(group)
            group.done.set()

    def _close(self, group: "_Group[T]") -> None:
        with self._lock:
            if self._open is group:
                self._open = None


class _Group(Generic[T]):
    """The documents of one call; `answers` stays None when it failed."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.answers: Sequence[T] | None = None
        self.error: Exception | None = None
        self.full = threading.Event()
        self.done = threading.Event()


class InCompany:
    """A classifier of which every call may go together with those of other threads."""

    def __init__(self, classifier: Classifier, patience: float) -> None:
        self._classifier = classifier
        self._company: Company[Verdict] = Company(classifier.classify, patience)

    @property
    def info(self) -> ModelInfo:
        """The classifier's."""
        return self._classifier.info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """The classifier's answers for these documents."""
        return list(self._company(documents))


class EncoderInCompany:
    """An encoder of which every call for logits may go together with those of other threads."""

    def __init__(self, encoder: "Model", patience: float) -> None:
        self.card = encoder.card
        self.lead_logits = encoder.lead_logits
        logits: Any = encoder.logits  # an array is no Sequence by name, but is sliced and counted like one
        self._company: Company[Any] = Company(logits, patience)

    def logits(self, documents: Sequence[Document]) -> "Logits":
        """The encoder's logits of these documents, [documents, topics]."""
        return cast("Logits", self._company(documents))


class Turn:
    """Lets one of several threads work at a time; the next begins where one ends, or waits in `idle`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._present = 0

    @property
    def others(self) -> int:
        """How many threads work or want to, without those in `idle`."""
        return self._present

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call it once it is this thread's turn."""
        self._count(1)
        try:
            with self._lock:
                _mine.turn = self
                try:
                    return call(*args, **kwargs)
                finally:
                    _mine.turn = None
        finally:
            self._count(-1)

    @contextmanager
    def given_away(self) -> Iterator[None]:
        """While this lasts, it is another thread's turn."""
        self._count(-1)
        self._lock.release()
        _mine.turn = None
        try:
            yield
        finally:
            self._lock.acquire()
            _mine.turn = self
            self._count(1)

    def _count(self, change: int) -> None:
        with self._counting:
            self._present += change


@contextmanager
def idle() -> Iterator[Turn | None]:
    """While this lasts, the turn of the thread that it is in, if it takes turns, is another's; yields the turn."""
    turn: Turn | None = getattr(_mine, "turn", None)
    if turn is None:
        yield None
        return
    with turn.given_away():
        yield turn
