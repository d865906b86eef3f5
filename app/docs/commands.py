"""docs/cli.md, from the command line itself."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from app.docs import header, page, row

_INTRODUCTION = """\
`geonews COMMAND --help` says the same in the terminal. Exit codes: 0 done; 1 done, and something is not as it should be
(what it is, is printed); 2 not done, one line says why and what to do.
"""
_METAVARS = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}


def document(root: Any) -> str:
    """The page; `root` is the click group of `geonews`."""
    lines = _INTRODUCTION.splitlines()
    for name, command in commands(root):
        lines += ["", f"## {name}", "", *inspect.cleandoc(command.help or "").splitlines(), *_parameters(command)]
    return page("Commands", "app/cli", lines)


def commands(group: Any, prefix: str = "geonews") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name, in alphabetical order."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{prefix} {name}", command
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _parameters(command: Any) -> Iterator[str]:
    rows = [_cells(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    if rows:
        yield from ("", *header("argument or option", "default", "meaning"))
        yield from (row(*cells) for cells in rows)


def _cells(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        spelled = f"`{name}`" if parameter.required else f"`[{name}]`"
    else:
        value = (
            "" if parameter.is_flag else f" {parameter.metavar or _stands_for(parameter.type_descriptor.annotation)}"
        )
        spelled = ", ".join(f"`{option}{value}`" for option in (*parameter.opts, *parameter.secondary_opts))
    return spelled, _default(parameter), parameter.help or ""


def _stands_for(annotation: Any) -> str:
    for inner in get_args(annotation):  # list[Path] | None: what one value is
        if inner is not type(None):
            return _stands_for(inner)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(choice.value) for choice in annotation)
    return _METAVARS.get(annotation, "VALUE")


def _default(parameter: Any) -> str:
    if not parameter.show_default or parameter.default in (None, False, (), []):
        return ""
    default = parameter.default() if callable(parameter.default) else parameter.default
    return f"`{getattr(default, 'value', default)}`"
