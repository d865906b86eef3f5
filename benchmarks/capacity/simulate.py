"""Two days of articles through workers that fail, are rolled, and meet a burst: how late is the latest article?

Every worker is one queue that is served at a fixed rate, since its lanes take turns. Arrivals follow the hours of the
day with chance on top, and on the second day a burst. Workers die in turn: a dead one's articles wait until its session
has expired and its partitions have opened elsewhere, then the others have them on top of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SECONDS = 2 * 86_400
BURST_AT, BURST_SECONDS, BURST_FACTOR = 86_400 + 15 * 3600, 600, 5.0
DAILY_SWING = 0.6  # the busiest hour has 1.6 times the mean, the quietest 0.4
FAILURE_EVERY = 6 * 3600
TAKEOVER_SECONDS = 9.0  # session of 6 s, and lanes that open
RETURN_SECONDS = 60.0  # until a supervisor has a new worker ready


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds that articles waited before they were served: of half of all seconds, of 99.9%, and the worst."""

    median: float
    p999: float
    worst: float


def arrivals(per_day: float, seed: int = 1) -> Array:
    """Articles in each second."""
    at = np.arange(SECONDS)
    rate = per_day / 86_400 * (1 - DAILY_SWING * np.cos(2 * np.pi * (at - 4 * 3600) / 86_400))
    rate[BURST_AT : BURST_AT + BURST_SECONDS] *= BURST_FACTOR
    return np.random.default_rng(seed).poisson(rate).astype(float)


def simulate(per_day: float, workers: int, per_second: float) -> Lateness:
    """How late articles are with that many workers, each of which serves `per_second`."""
    share = arrivals(per_day) / workers
    mine = share.copy()
    for number, died in enumerate(range(FAILURE_EVERY, SECONDS - 600, FAILURE_EVERY)):
        if workers == 1 or number == 2:  # the third is this queue's own worker: see below
            continue
        taken, back = died + int(TAKEOVER_SECONDS), died + int(RETURN_SECONDS)
        mine[taken:back] += share[taken:back] / (workers - 1)
        mine[taken] += share[died:taken].sum() / (workers - 1)
    served = np.full(SECONDS, per_second)
    own = 3 * FAILURE_EVERY
    served[own : own + int(TAKEOVER_SECONDS if workers > 1 else RETURN_SECONDS)] = 0
    return _lateness(mine, served)


def _lateness(coming: Array, capacity: Array) -> Lateness:
    """A queue without losses: what waits is how far the sum of what came is above that of what could be served."""
    balance = np.cumsum(coming - capacity)
    waiting = balance - np.minimum(np.minimum.accumulate(balance), 0)
    came = np.cumsum(coming)
    # Who is first in the queue came when as many had come as are served by now.
    first = np.searchsorted(came, came - waiting, side="right")
    late = np.where(waiting > 0, np.arange(SECONDS) - first + 1, 0).clip(min=0).astype(float)
    return Lateness(float(np.median(late)), float(np.quantile(late, 0.999)), float(late.max()))
