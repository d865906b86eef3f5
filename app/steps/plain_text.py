"""Reduces HTML to plain text in one pass, linear in its length whatever it holds.

Full HTML parsers take quadratic time on hostile nesting (measured: 60 s for 1 MiB of `<div>`), and a news stream must
not stand still for one article, so this scanner only looks for the end of each tag and never builds a tree.
"""

import re
from html import unescape
from typing import Final

# Elements whose content is no text of the article.
_OPAQUE: Final = frozenset({"script", "style", "noscript", "template", "iframe", "svg", "head", "object"})
# Elements that stand inside a word's run of text; any other tag separates words.
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s"}
    | {"small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
)
_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9-]{0,30})")
# Control characters, and the invisible ones that reorder or hide text (bidirectional overrides, zero-width marks).
# ZWNJ and ZWJ stay: Persian, Hindi and emoji need them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def plain_text(value: str) -> str:
    """`value` without markup, entities decoded, invisible characters removed, white space folded to single spaces."""
    if "<" in value:
        value = _without_tags(value)
    if "&" in value:
        value = unescape(value)
        if "<" in value:  # escaped markup, as RSS descriptions carry it
            value = _without_tags(value)
    return " ".join(_INVISIBLE.sub("", value).split())


def _without_tags(html: str) -> str:
    parts: list[str] = []
    folded = html.lower() if any(f"<{name}" in html.lower() for name in _OPAQUE) else html
    at = 0
    while (tag := html.find("<", at)) >= 0:
        parts.append(html[at:tag])
        at = _end_of_tag(html, folded, tag, parts)
    parts.append(html[at:])
    return "".join(parts)


def _end_of_tag(html: str, folded: str, tag: str | int, parts: list[str]) -> int:
    """Position after the construct that `<` at `tag` opens; what it contributes to the text goes to `parts`."""
    start = int(tag)
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
        closing = folded.find(f"</{element}", end)
        return _after(html.find(">", closing) if closing >= 0 else -1, 1, html)
    return end


def _after(found: int, width: int, html: str) -> int:
    """Behind what was found; the end of the text where it was not: an unclosed construct swallows the rest."""
    return len(html) if found < 0 else found + width
