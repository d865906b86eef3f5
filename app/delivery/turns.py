"""Threads for lanes: one of them works, the others wait for a model or for their turn."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from app.classification.company import Turn


class TakingTurns(ThreadPoolExecutor):
    """Threads of which one runs Python at a time: more would only take the interpreter from the event loop.

    While one waits for a model (`app.classification.company.idle`), the next has its turn, so that articles of several
    lanes meet there.
    """

    def __init__(self, threads: int, name: str) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self._turn = Turn()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it once a thread is free and has its turn."""
        return super().submit(self._turn.run, fn, *args, **kwargs)
