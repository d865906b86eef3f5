"""Whether a lane moves, as the watchdog sees it from its own thread."""

import time


class Progress:
    """A lane's own record of when it last moved. Times are monotonic seconds; attributes are written whole."""

    def __init__(self) -> None:
        self._stuck_since: float | None = None

    def busy(self) -> None:
        """Records are in hand: from now on they ought to be committed soon."""
        self._stuck_since = time.monotonic()

    def idle(self) -> None:
        """A batch was committed, or the lane knows itself why it does not move."""
        self._stuck_since = None

    def polled(self, *, waiting: bool) -> None:
        """A poll brought nothing; `waiting` says that there are records which it should have brought."""
        if not waiting:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = time.monotonic()

    @property
    def stuck_seconds(self) -> float:
        """For how long records have waited without progress."""
        since = self._stuck_since
        return 0.0 if since is None else time.monotonic() - since
