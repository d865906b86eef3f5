"""API keys in a file: only their hashes, with what each may do and until when.

A key is 256 random bits, so a fast keyed hash protects it as well as a slow one would: there is no list of likely keys
to try. (Slow hashes are for passwords, which people choose.) The salt is the hash's key: equal keys, were there any,
would not show.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.errors import ConfigurationError
from app.settings import Settings

Scope = Literal["read", "ingest", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "ingest", "admin")
PREFIX = "gn"
_DIGEST_BYTES = 32


class StoredKey(BaseModel):
    """One key, as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None

    def matches(self, secret: str) -> bool:
        """Whether this is the secret; the time that it takes tells nothing."""
        return hmac.compare_digest(self.hash, digest(secret, self.salt))

    def valid(self, now: datetime) -> bool:
        """Whether it may be used at this time."""
        return self.expires_at is None or now < self.expires_at


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[StoredKey] = []


def digest(secret: str, salt: str) -> str:
    """BLAKE2b of the secret, keyed with the salt (hex), as hex."""
    return hashlib.blake2b(
        secret.encode("utf-8", "replace"), key=bytes.fromhex(salt), digest_size=_DIGEST_BYTES
    ).hexdigest()


def make(name: str, scopes: Sequence[Scope], days: float | None = None) -> tuple[str, StoredKey]:
    """A new key: what its holder gets, this once, and what is kept."""
    number, secret, salt = secrets.token_hex(4), secrets.token_urlsafe(32), secrets.token_hex(16)
    now = datetime.now(UTC).replace(microsecond=0)
    stored = StoredKey(
        id=number,
        name=name,
        scopes=list(scopes),
        salt=salt,
        hash=digest(secret, salt),
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    return f"{PREFIX}_{number}_{secret}", stored


def split(key: str) -> tuple[str, str] | None:
    """Id and secret of a key, or None for what is none of ours."""
    prefix, _, rest = key.partition("_")
    number, _, secret = rest.partition("_")
    return (number, secret) if prefix == PREFIX and number and secret else None


def load(path: Path) -> list[StoredKey]:
    """All keys; none where there is no file. Raises ConfigurationError when it is no file of keys."""
    try:
        return _File.model_validate_json(path.read_bytes()).keys
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        problem = "; ".join(str(error).splitlines()[:2])
        raise ConfigurationError(f"keys {path}: {problem}; set GEONEWS_KEYS_FILE rightly") from None


def save(path: Path, keys: Sequence[StoredKey]) -> None:
    """Replace the file in one step; nobody but its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_File(keys=list(keys)).model_dump_json(indent=2) + "\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def keys_path(settings: Settings) -> Path:
    """The file that is meant."""
    return settings.keys_file or settings.home / "keys.json"
