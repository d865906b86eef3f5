"""What `/readyz` answers from: each component says that it is well, or why it is not."""

from threading import Lock


class Health:
    """Reasons for not being ready, by component. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reasons: dict[str, str | None] = {}

    def well(self, component: str) -> None:
        """`component` works."""
        with self._lock:
            self._reasons[component] = None

    def ill(self, component: str, reason: str) -> None:
        """`component` does not work, because of `reason`."""
        with self._lock:
            self._reasons[component] = reason

    def gone(self, component: str) -> None:
        """`component` is no longer this process's concern."""
        with self._lock:
            self._reasons.pop(component, None)

    @property
    def reasons(self) -> dict[str, str]:
        """Why this process is not ready, by component; empty when it is."""
        with self._lock:
            return {component: reason for component, reason in self._reasons.items() if reason is not None}

    @property
    def is_ready(self) -> bool:
        """Whether at least one component has reported and none is ill."""
        with self._lock:
            return bool(self._reasons) and not any(self._reasons.values())
