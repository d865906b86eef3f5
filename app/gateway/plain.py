"""Text from anywhere, made safe for a terminal."""

import re
import unicodedata

# Characters that reorder what stands around them: a title must not change how the rest of its line reads.
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_C1_IN_UTF8 = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def for_terminal(text: str) -> str:
    """One line without control characters, which could move the cursor, clear the screen or start a command."""
    visible = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in text)
    return " ".join(_REORDERING.sub("", visible).split())


def escape_controls(json: bytes) -> bytes:
    """The same JSON with DEL and the C1 control characters escaped; JSON itself never holds the others."""
    return _C1_IN_UTF8.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), json)
