"""Reference pages that are made from code, so that neither can forget the other: `geonews docs generate`."""

from typing import Final

REMEDY: Final = "geonews docs generate"


def page(title: str, source: str, lines: list[str]) -> str:
    """A Markdown page with a note on where it comes from."""
    note = f"<!-- Made from {source} by `{REMEDY}`: edits here are lost. -->"
    return "\n".join([f"# {title}", "", note, "", *lines, ""])


def row(*cells: str) -> str:
    """A row of a Markdown table; a pipe or a line break in a cell does not end it."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def header(*names: str) -> list[str]:
    """The first two rows of a Markdown table."""
    return [row(*names), row(*("---" for _ in names))]
