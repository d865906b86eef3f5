"""How much a reader or a producer may ask for: token buckets."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil

BURST_SECONDS = 10.0
_MOST_ADDRESSES = 20_000


@dataclass(slots=True)
class Allowance:
    """A token bucket: `rate` a second on average, bursts of up to `burst` at once."""

    rate: float
    burst: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.burst

    def take(self, number: int) -> float:
        """0 when so many may be had now, and they are counted; else the seconds after which they may."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if number <= self.left:
            self.left -= number
            return 0.0
        return (number - self.left) / self.rate

    def give_back(self, number: int) -> None:
        """They were not used after all."""
        self.left = min(self.burst, self.left + number)

    def headers(self) -> dict[str, str]:
        """What is allowed and what is left, as draft-ietf-httpapi-ratelimit-headers has it."""
        full = ceil((self.burst - self.left) / self.rate)
        window = max(1, ceil(self.burst / self.rate))
        return {
            "RateLimit-Policy": f'"default";q={int(self.burst)};w={window}',
            "RateLimit": f'"default";r={int(self.left)};t={full}',
        }


def allowance(rate: float, at_least: float = 1.0) -> Allowance:
    """One that lets a burst of ten seconds through, and so many at once in any case."""
    return Allowance(rate, max(rate * BURST_SECONDS, at_least))


class Addresses:
    """An allowance for each address that asks without a key; the longest unheard of are forgotten."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._known: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, address: str) -> Allowance:
        """That of an address."""
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = allowance(self._rate)
            if len(self._known) > _MOST_ADDRESSES:
                self._known.popitem(last=False)
        self._known.move_to_end(address)
        return found
