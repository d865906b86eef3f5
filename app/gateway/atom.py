"""Atom feeds of a topic's events (RFC 4287)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from app.gateway.topics import TopicInfo

_ATOM = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold
_NO_LANGUAGE = "und"
ET.register_namespace("", _ATOM)


def feed(topic: TopicInfo, rows: Sequence[bytes], own: str, page: str) -> bytes:
    """The feed with these events (JSON), newest first; `own` is its address, `page` the live page's."""
    root = ET.Element(f"{{{_ATOM}}}feed")
    events = [orjson.loads(row) for row in rows]
    _text(root, "id", f"urn:geonews:topic:{topic.id}")
    _text(root, "title", f"{topic.name}: geonews")
    _text(root, "subtitle", topic.description)
    newest = max((event["processed_at"] for event in events), default=None)
    _text(root, "updated", newest or datetime.fromtimestamp(0, UTC).isoformat())
    _child(root, "link", rel="self", type="application/atom+xml", href=own)
    _child(root, "link", rel="alternate", type="text/html", href=page)
    _text(root, "generator", "geonews")
    for event in events:
        _entry(root, event)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: ET.Element, event: dict[str, Any]) -> None:
    entry = _child(root, "entry", **{"xml:lang": event["language"] or _NO_LANGUAGE})
    _text(entry, "id", f"urn:geonews:event:{event['id']}")
    _text(entry, "title", event["title"] or event["url"], type="text")
    _text(entry, "updated", event["processed_at"])
    _text(entry, "published", event["published_at"])
    _text(_child(entry, "author"), "name", event["source"]["name"] or event["source"]["domain"])
    _child(entry, "link", rel="alternate", href=event["url"])
    _text(entry, "summary", event["summary"], type="text")
    for topic in event["topics"]:
        _child(entry, "category", scheme="urn:geonews:topic", term=topic["topic"])
    for country in event["countries"]:
        _child(entry, "category", scheme="urn:iso:3166", term=country["code"], label=country["name"])


def _child(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    clean = {key: _NO_XML.sub("", value) for key, value in attributes.items()}
    return ET.SubElement(parent, f"{{{_ATOM}}}{name}", clean)


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    _child(parent, name, **attributes).text = _NO_XML.sub("", text)
