"""Who asks: API keys of the settings and of the file, each with what it may do and how much of it."""

import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from aiohttp import web
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.gateway import keyring
from app.gateway.keyring import StoredKey
from app.gateway.limits import Allowance, allowance
from app.gateway.push_limits import MOST_ARTICLES
from app.settings import Settings

_PREFIX = "sha256:"
_LOOK_SECONDS = 1.0  # how often the file is looked at
_SETTINGS_SCOPES: Final = frozenset({"read", "ingest"})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that was given: its scopes, and what it may still ask for."""

    scopes: frozenset[str]
    requests: Allowance
    articles: Allowance

    def may(self, scope: str) -> bool:
        """Whether it has a scope; `admin` has all."""
        return scope in self.scopes or "admin" in self.scopes


class Keys:
    """The keys of GEONEWS_API_KEYS, plain or as `sha256:` and the digest in hex, and those of GEONEWS_KEYS_FILE."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fixed = {digest: self._caller(_SETTINGS_SCOPES) for digest in _digests(settings.api_keys)}
        self._path = keyring.keys_path(settings)
        self._stored: dict[str, StoredKey] = {}
        self._callers: dict[str, Caller] = {}
        self._version: tuple[int, int] | None = None
        self._look_at = 0.0
        self._refresh()

    def _caller(self, scopes: Iterable[str]) -> Caller:
        settings = self._settings
        return Caller(frozenset(scopes), allowance(settings.read_rate), allowance(settings.push_rate, MOST_ARTICLES))

    def caller(self, request: web.Request) -> Caller | None:
        """That of the request's key; None without one, or for one that is not valid."""
        key = given(request)
        if not key:
            return None
        self._refresh()
        if (parts := keyring.split(key)) and (stored := self._stored.get(parts[0])):
            good = stored.matches(parts[1]) and stored.valid(datetime.now(UTC))
            return self._callers[stored.id] if good else None
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        found = None
        for known, caller in self._fixed.items():  # all of them: time tells nothing about any key
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        """Read the file again when it has changed; one that cannot be read leaves the keys as they are."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        try:
            state = self._path.stat()
            version = (state.st_mtime_ns, state.st_ino)
        except FileNotFoundError:
            version = None
        if version == self._version:
            return
        try:
            stored = {key.id: key for key in keyring.load(self._path)}
        except ConfigurationError as error:
            _log.error("keys stay as they were", reason=str(error))
            return
        self._version, self._stored = version, stored
        # What a key has left is kept while its scopes are; the bucket of a key that is gone goes too.
        before = self._callers
        self._callers = {
            key.id: before[key.id]
            if key.id in before and before[key.id].scopes == frozenset(key.scopes)
            else self._caller(key.scopes)
            for key in stored.values()
        }


def given(request: web.Request) -> str:
    """The key that came with a request, or nothing."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")


def _digests(keys: Iterable[SecretStr]) -> Iterable[str]:
    for key in keys:
        text = key.get_secret_value()
        if text.startswith(_PREFIX):
            yield text.removeprefix(_PREFIX).strip().lower()
        else:
            yield hashlib.sha256(text.encode()).hexdigest()
