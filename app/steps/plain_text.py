"""Reduces HTML to plain text in one pass, linear in its length whatever it holds.

Full HTML parsers take quadratic time on hostile nesting (measured: 60 s for 1 MiB of `<div>`), and a news stream must
not stand still for one article, so this scanner only looks for the end of each tag and never builds a tree.
"""

import re
import unicodedata
from html import unescape
from typing import Final

# Elements whose content is no text of the article.
_OPAQUE: Final = frozenset({"script", "style", "noscript", "template", "iframe", "svg", "head", "object"})
_CLOSING: Final = {name: re.compile(f"(?ai)</{name}(?![a-z0-9-])") for name in _OPAQUE}
# Elements that stand inside a word's run of text; any other tag separates words.
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s"}
    | {"small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
)
_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9-]{0,30})")
# Control characters, and the invisible ones that reorder or hide text (bidirectional overrides, zero-width marks).
# ZWNJ and ZWJ stay: Persian, Hindi and emoji need them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
# What would be a tag if it were put into HTML; it is left where a lone less-than sign comes to stand before a letter.
_TAG_LIKE: Final = re.compile(r"<(?=[A-Za-z/!?])")
# No character has such a number, and unescape() raises ValueError for thousands of digits.
_ABSURD_NUMBER: Final = re.compile(r"&#[0-9]{20,};?")
_MAX_MARKS: Final = 8  # on one letter; no living script needs as many


def plain_text(value: str) -> str:
    """`value` without markup, entities decoded, invisible characters removed, white space folded to single spaces."""
    value = _INVISIBLE.sub("", value)  # first: "<", a zero-width space and "script>" would become a tag
    if "<" in value:
        value = _without_tags(value)
    if "&" in value:
        value = _INVISIBLE.sub("", unescape(_ABSURD_NUMBER.sub("", value)))
        if "<" in value:  # escaped markup, as RSS descriptions carry it
            value = _without_tags(value)
    if "<" in value:
        value = _TAG_LIKE.sub("< ", value)
    # Normalisation sorts the marks on a letter in quadratic time, but only marks that are out of order; NFC's quick
    # check finds those, and most texts pass it.
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        value = _FLOOD.sub(r"\1", value)
    return " ".join(value.split())


def _combining_marks() -> str:
    """Every combining mark that Unicode orders, as the inside of a regular expression's set."""
    return "".join(re.escape(chr(code)) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))


_FLOOD: Final = re.compile(f"([{_combining_marks()}]{{{_MAX_MARKS}}})[{_combining_marks()}]+")


def _without_tags(html: str) -> str:
    parts: list[str] = []
    at = 0
    while (tag := html.find("<", at)) >= 0:
        parts.append(html[at:tag])
        at = _end_of_tag(html, tag, parts)
    parts.append(html[at:])
    return "".join(parts)


def _end_of_tag(html: str, start: int, parts: list[str]) -> int:
    """Position after the construct that `<` at `start` opens; what it contributes to the text goes to `parts`."""
    if html.startswith("<!--", start):
        return _after(html.find("-->", start + 4), 3, html)
    if html.startswith(("<!", "<?"), start):
        return _after(html.find(">", start), 1, html)
    name = _NAME.match(html, start + 1)
    if name is None:  # a lone less-than sign
        parts.append("<")
        return start + 1
    element = name[1].lower()
    if element not in _INLINE:
        parts.append(" ")
    end = _after(html.find(">", start), 1, html)
    if element in _OPAQUE and html[start + 1] != "/":
        closing = _CLOSING[element].search(html, end)
        return _after(html.find(">", closing.start()) if closing else -1, 1, html)
    return end


def _after(found: int, width: int, html: str) -> int:
    """Behind what was found; the end of the text where it was not: an unclosed construct swallows the rest."""
    return len(html) if found < 0 else found + width
