"""A message as the Standard Webhooks specification (standardwebhooks.com) has it: id, timestamp, signature, JSON."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent for one alert. The same record always has the same `id`: receivers drop what they have had."""

    id: str
    body: bytes

    @classmethod
    def of(cls, alert: dict[str, Any], partition: int, offset: int) -> Self:
        """The message of an alert that stands at this position; updates of one burst differ in it."""
        kind = f"alert.{alert['kind']}" + (f".{alert['state']}" if "state" in alert else "")
        return cls(
            f"{alert['id']}.{partition}.{offset}",
            orjson.dumps({"type": kind, "timestamp": alert["at"], "data": alert}),
        )

    def headers(self, secrets: Iterable[bytes], now: float) -> dict[str, str]:
        """Headers of an attempt at `now` (seconds since the epoch), with one signature for each secret."""
        timestamp = str(int(now))
        return {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(self._signature(secret, timestamp) for secret in secrets),
        }

    def _signature(self, secret: bytes, timestamp: str) -> str:
        signed = f"{self.id}.{timestamp}.".encode() + self.body
        return "v1," + base64.b64encode(hmac.digest(secret, signed, sha256)).decode()
