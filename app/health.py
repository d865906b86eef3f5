"""What `/readyz` and `/startupz` answer from: each component says that it is well, or why it is not."""

from threading import Lock


class Health:
    """Reasons for not being ready, by component. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reasons: dict[str, str | None] = {}
        self._started = False

    def well(self, component: str) -> None:
        """`component` works."""
        with self._lock:
            self._reasons[component] = None
            self._note()

    def ill(self, component: str, reason: str) -> None:
        """`component` does not work, because of `reason`."""
        with self._lock:
            self._reasons[component] = reason

    def gone(self, component: str) -> None:
        """`component` is no longer this process's concern."""
        with self._lock:
            self._reasons.pop(component, None)
            self._note()

    @property
    def reasons(self) -> dict[str, str]:
        """Why this process is not ready, by component; empty when it is."""
        with self._lock:
            return {component: reason for component, reason in self._reasons.items() if reason is not None}

    @property
    def is_ready(self) -> bool:
        """Whether at least one component has reported and none is ill."""
        with self._lock:
            return self._all_well

    @property
    def has_started(self) -> bool:
        """Whether this process was ever ready: what goes wrong later is no reason to judge it as one that starts."""
        with self._lock:
            return self._started

    @property
    def _all_well(self) -> bool:
        return bool(self._reasons) and not any(self._reasons.values())

    def _note(self) -> None:
        self._started = self._started or self._all_well
