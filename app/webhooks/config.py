"""The file of webhooks: who gets which alerts.

webhooks:
  - name: newsroom
    url: https://hooks.example.com/geonews
    secret_file: /run/secrets/newsroom   # whsec_..., or any text of 24 bytes or more; a second line while it changes
    kinds: [burst]                       # leave a list out for all
    subjects: [topic, country]
    values: [trade-deals, CA]
    states: [open]
"""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import ConfigurationError

_LEAST_SECRET_BYTES: Final = 24  # as the Standard Webhooks specification has it
_PREFIX: Final = "whsec_"


class Webhook(BaseModel):
    """One receiver. A list that is empty wants everything; the last three speak of bursts alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    url: str
    secret_file: Path
    kinds: tuple[Literal["burst", "source-silent"], ...] = ()
    subjects: tuple[Literal["topic", "country", "story"], ...] = ()
    values: tuple[str, ...] = ()
    states: tuple[Literal["open", "closed"], ...] = ()

    def wants(self, alert: dict[str, Any]) -> bool:
        """Whether this alert is for it."""
        if self.kinds and alert.get("kind") not in self.kinds:
            return False
        chosen = (("subject", self.subjects), ("value", self.values), ("state", self.states))
        return alert.get("kind") != "burst" or all(not wanted or alert.get(name) in wanted for name, wanted in chosen)

    def secrets(self) -> list[bytes]:
        """The keys to sign with, one for each line of the file. Raises ConfigurationError."""
        try:
            lines = self.secret_file.read_text("utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"webhook {self.name}: its secret cannot be read: {error}") from error
        keys = [_key(line, self.name) for line in lines]
        if not keys:
            raise ConfigurationError(f"webhook {self.name}: {self.secret_file} holds no secret")
        return keys


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    webhooks: list[Webhook]


def _key(line: str, name: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True) if line.startswith(_PREFIX) else line.encode()
    except binascii.Error as error:
        raise ConfigurationError(f"webhook {name}: what follows {_PREFIX} in its secret is not base64") from error
    if len(key) < _LEAST_SECRET_BYTES:
        raise ConfigurationError(f"webhook {name}: its secret is shorter than {_LEAST_SECRET_BYTES} bytes")
    return key


def load_webhooks(path: Path, *, allow_private: bool) -> list[Webhook]:
    """The webhooks of a file; paths of secrets count from its folder. Raises ConfigurationError."""
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text("utf-8"))).webhooks
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigurationError(f"{path}: {problems}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    names = [webhook.name for webhook in found]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"{path}: two webhooks have the same name; each has a consumer group of its own")
    for webhook in found:
        if not webhook.url.startswith("https://") and not (allow_private and webhook.url.startswith("http://")):
            raise ConfigurationError(
                f"webhook {webhook.name}: an https address is wanted (GEONEWS_WEBHOOK_PRIVATE=true allows http)"
            )
    found = [hook.model_copy(update={"secret_file": path.parent / hook.secret_file}) for hook in found]
    for webhook in found:
        webhook.secrets()
    return found
