"""Who may push articles: API keys, and how many articles a second each of them may send."""

import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import SecretStr

_PREFIX = "sha256:"
_BURST_SECONDS = 10.0


@dataclass(slots=True)
class Allowance:
    """A token bucket: `rate` articles a second on average, bursts of up to `burst` at once."""

    rate: float
    burst: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.burst

    def take(self, articles: int) -> float:
        """0 when so many may be sent now, and they are counted; else the seconds after which they may."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if articles <= self.left:
            self.left -= articles
            return 0.0
        return (articles - self.left) / self.rate

    def give_back(self, articles: int) -> None:
        """They were not sent after all."""
        self.left = min(self.burst, self.left + articles)


class Keys:
    """The keys of GEONEWS_API_KEYS, plain or as `sha256:` and the digest in hex, with an allowance for each."""

    def __init__(self, keys: Iterable[SecretStr], rate: float, most_at_once: int) -> None:
        burst = max(rate * _BURST_SECONDS, float(most_at_once))
        self._allowances = {_digest_of(key.get_secret_value()): Allowance(rate, burst) for key in keys}

    def __bool__(self) -> bool:
        return bool(self._allowances)

    def allowance(self, request: web.Request) -> Allowance | None:
        """That of the key in `Authorization: Bearer` or `X-API-Key`; None for one that is not known."""
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")
        digest = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
        found = None
        for known, allowance in self._allowances.items():  # all of them: time tells nothing about any key
            if hmac.compare_digest(known, digest):
                found = allowance
        return found if given else None


def _digest_of(key: str) -> str:
    if key.startswith(_PREFIX):
        return key.removeprefix(_PREFIX).strip().lower()
    return hashlib.sha256(key.encode()).hexdigest()
