"""Settings from files: `GEONEWS_X_FILE` names a file that holds the value of `GEONEWS_X`, as container secrets do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic_settings import EnvSettingsSource, SettingsError

SUFFIX: Final = "_FILE"


class FileSettingsSource(EnvSettingsSource):
    """Reads the files that `<PREFIX><FIELD>_FILE` variables name; a line break at their end is no part of the value.

    Raises SettingsError for a file that cannot be read, and where a setting is given both ways.
    """

    def _load_env_vars(self) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for name in self.settings_cls.model_fields:
            variable = f"{self.env_prefix}{name}".upper()
            path = os.environ.get(variable + SUFFIX)
            if not path:
                continue
            if variable in os.environ:
                raise SettingsError(f"{variable} and {variable}{SUFFIX} are both set: leave one out")
            try:
                found[variable.lower()] = Path(path).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{variable}{SUFFIX} names {path}, which cannot be read: {error}") from error
        return found
