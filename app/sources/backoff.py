"""How long to wait after a failure: longer each time, never at the same moment as everybody else."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Exponential back-off with jitter, in seconds."""

    base: float = 1.0
    cap: float = 3600.0
    failures: int = 0

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait after one more failure; never less than what the server asked for (`at_least`)."""
        longest = min(self.cap, self.base * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return max(at_least or 0.0, longest * random.uniform(0.5, 1.0))

    def reset(self) -> None:
        """Forget the failures: it worked."""
        self.failures = 0
