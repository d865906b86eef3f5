"""Files that are made from code: written, or compared with what is there."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import GeonewsError


class Stale(GeonewsError):
    """Generated files are not what the code says; the message names them and the command that renews them."""


def write(documents: Mapping[str, str], folder: Path) -> list[str]:
    """Write `documents` (name to content) into `folder`; returns the names of those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = differing(documents, folder)
    for name in changed:
        (folder / name).write_text(documents[name], "utf-8")
    return changed


def differing(documents: Mapping[str, str], folder: Path) -> list[str]:
    """The names of those documents that `folder` has not, or has otherwise."""
    return [name for name, content in documents.items() if _read(folder / name) != content]


def check(documents: Mapping[str, str], folder: Path, remedy: str) -> None:
    """Raises Stale, with the command `remedy`, when `folder` does not hold exactly these contents."""
    if stale := differing(documents, folder):
        raise Stale(f"stale in {folder}: {', '.join(stale)}; renew with: {remedy}")


def _read(file: Path) -> str | None:
    return file.read_text("utf-8") if file.is_file() else None
