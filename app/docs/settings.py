"""docs/settings.md, from app/settings.py."""

import inspect
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.docs import header, page, row
from app.settings import Settings

_INTRODUCTION: Final = """\
Every setting is an environment variable, or the same name in a file `.env` where geonews is started. Lists are JSON.
A wrong value ends the command at once, with the variable's name; `geonews config check` also looks at what they name.
Any `GEONEWS_X` may be given as `GEONEWS_X_FILE` instead: the path of a file that holds the value, as container secrets
do.
"""
_MADE: Final[dict[Any, str]] = {socket.gethostname: "the host's name", list: "`[]`"}
_TYPES: Final = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    Path: "path",
    SecretStr: "secret",
}
_BOUNDS: Final = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))


def document() -> str:
    """The page: one table for each section of the class."""
    lines = [*_INTRODUCTION.splitlines()]
    for section, names in sections().items():
        lines += ["", f"## {section}", "", *header("variable", "default", "value", "meaning")]
        lines += [row(*_cells(name, Settings.model_fields[name])) for name in names]
    return page("Settings", "app/settings.py", lines)


def variable(name: str) -> str:
    """The environment variable of a field."""
    return f"GEONEWS_{name.upper()}"


def sections() -> dict[str, list[str]]:
    """The fields by the comment that they stand under, in the order of the code."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in inspect.getsource(Settings).splitlines():
        if comment := re.fullmatch(r"    # (\w[\w ]*)", line):
            section = comment[1]
        elif (field := re.match(r"    (\w+): ", line)) and field[1] in Settings.model_fields:
            found.setdefault(section, []).append(field[1])
    return found


def _cells(name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    return f"`{variable(name)}`", _default(field), ", ".join(_values(field)), field.description or ""


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return _MADE[field.default_factory]
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return "" if default is None else f"`{default}`"


def _values(field: FieldInfo) -> Iterator[str]:
    yield _type(field.annotation)
    for name, words in _BOUNDS:
        yield from (f"{words} {getattr(limit, name)}" for limit in field.metadata if hasattr(limit, name))


def _type(annotation: Any) -> str:
    if get_origin(annotation) in (UnionType, Union):
        return " or ".join(_type(option) for option in get_args(annotation) if option is not type(None))
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is list:
        return f"list of {_type(get_args(annotation)[0])}s"
    return _TYPES[annotation]
