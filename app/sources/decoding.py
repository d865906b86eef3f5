"""Bytes of a feed to text that is safe to parse: the right encoding, and no document type."""

import codecs
import re
from typing import Final

from app.errors import SourceError

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
_BOMS: Final = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
# What sites send under these names is the larger set of characters (WHATWG Encoding Standard).
_LARGER: Final = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
}
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.ASCII | re.IGNORECASE)
_REFERENCE: Final = re.compile(r"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,8});", re.ASCII)
_SURROGATE: Final = r"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*5[5-7][0-9]{3});"
_REFERENCES: Final = re.compile(rf"{_SURROGATE}{_SURROGATE}|{_REFERENCE.pattern}", re.ASCII)
_ENCODING: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def decode(body: bytes, content_type: str) -> str:
    """Text of a feed, whatever its sender says: a byte order mark, valid UTF-8, HTTP and XML declarations, in order.

    Text that is valid UTF-8 is UTF-8: nothing else looks like it, and servers' declarations are often wrong. Bytes
    that fit nowhere become replacement characters.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    if body[:4] in (b"<\0?\0", b"\0<\0?"):
        return body.decode("utf-16-le" if body[0] else "utf-16-be", "replace")
    declared = _declared(body, content_type)
    shifting = [name for name in declared if name.startswith("iso2022") or name == "hz"]  # look like ASCII
    for encoding in [*shifting, "utf-8", *declared]:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode(declared[0] if declared else "utf-8", "replace")


def with_valid_references(text: str) -> str:
    """The text with no reference to a character that does not exist: parsers give up a whole feed for one of them.

    A pair of surrogates, as some sites write an emoji, becomes the character that was meant.
    """
    return _REFERENCES.sub(_replaced, text) if "&#" in text else text


def _replaced(found: re.Match[str]) -> str:
    codes = [int(ref[1:], 16) if ref[0] in "xX" else int(ref) for ref in _REFERENCE.findall(found.group())]
    if all(code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000 for code in codes):
        return found.group()
    meant = [chr(code) if 0xD800 <= code < 0xE000 else "\ufffd" for code in codes]
    return "".join(meant).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_doctype(text: str) -> str:
    """The document from its root element on, under a declaration of UTF-8.

    Raises SourceError where it declares entities (feeds have no use for them; bombs do) or has no root element.
    Takes time linear in the length of the text, whatever it holds.
    """
    at = text.find("<")
    while at >= 0:
        if text.startswith("<?", at):
            end = text.find("?>", at)
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
        elif text.startswith("<!", at):
            end = _doctype_end(text, at)
        else:
            return DECLARATION + text[at:]
        at = text.find("<", end) if end >= 0 else -1
    raise SourceError("is not a feed: it has no root element")


def _doctype_end(text: str, at: int) -> int:
    """Where a document type ends: after its internal subset, if it has one."""
    end = text.find(">", at)
    subset = text.find("[", at, end) if end >= 0 else -1
    if subset < 0:
        return end
    end = text.find("]", subset)
    if end >= 0 and "<!ENTITY" in text[subset:end]:
        raise SourceError("declares XML entities, as only bombs do: refused")
    return text.find(">", end) if end >= 0 else -1


def _declared(body: bytes, content_type: str) -> list[str]:
    """Python's names of the encodings that HTTP and the XML declaration name, where Python knows them."""
    said = [found.group(1) for found in [_CHARSET.search(content_type[:500])] if found]
    said += [found.group(1).decode() for found in [_ENCODING.search(body[:1000])] if found]
    names = []
    for name in said:
        try:
            info = codecs.lookup(_LARGER.get(name.lower(), name))
        except LookupError:
            continue
        # Python's codecs for other things than text ("zip", "hex") must not run on what strangers send
        if info._is_text_encoding:
            names.append(info.name)
    return names
