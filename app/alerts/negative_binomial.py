"""The negative binomial distribution: counts of a Poisson process whose rate itself varies (gamma-distributed).

With mean m and over-dispersion f its variance is m + f m²: see J. F. Lawless, "Negative binomial and mixed Poisson
regression", The Canadian Journal of Statistics 15 (1987), 209-225.
"""

from math import exp, lgamma, log, sqrt
from typing import Final

_MOST_TERMS: Final = 100_000
_ENOUGH: Final = 1e-7


def upper_tail(count: int, mean: float, dispersion: float) -> float:
    """P(N >= `count`) for a negative binomial N with `mean` > 0 and variance mean + `dispersion` mean².

    Exact to six digits or so above the mean; at or below the mean 1.0 is returned, since nobody asks what is no excess.
    """
    if count <= mean:
        return 1.0
    shape = 1.0 / max(dispersion, 1e-6)
    repeat = mean / (shape + mean)
    term = exp(
        lgamma(count + shape)
        - lgamma(shape)
        - lgamma(count + 1)
        + shape * log(shape / (shape + mean))
        + count * log(repeat)
    )
    total, number = term, count
    while number < count + _MOST_TERMS and term > _ENOUGH * total:
        term *= (number + shape) / (number + 1) * repeat
        total += term
        number += 1
    return min(1.0, total)


def deviation(mean: float, dispersion: float) -> float:
    """The standard deviation."""
    return sqrt(mean + dispersion * mean * mean)
