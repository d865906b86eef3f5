"""Who publishes under a domain: family, tier and country, from the catalogue of sources, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from app.classification.taxonomy import config_directory


@dataclass(frozen=True, slots=True)
class KnownPublisher:
    """What the catalogue says of a publisher."""

    id: str
    name: str
    country: str
    family: str
    tier: int


class _Chosen:
    """The catalogue in use; None: the one that ships with geonews."""

    path: Path | None = None


def use(path: Path | None) -> None:
    """Take another catalogue than the shipped one from now on; its form is `app.sources.catalogue`'s to check."""
    _Chosen.path = path


def find(domain: str) -> KnownPublisher | None:
    """The publisher of a domain, or of the domain that it is a part of: `edition.news.example` is `news.example`'s."""
    known = _by_domain(_Chosen.path)
    while "." in domain:
        if publisher := known.get(domain):
            return publisher
        domain = domain.partition(".")[2]
    return None


@lru_cache(maxsize=2)
def _by_domain(path: Path | None) -> Mapping[str, KnownPublisher]:
    path = path or config_directory() / "sources.yaml"
    # The C loader reads the file in a tenth of the time; it is missing where PyYAML was built without it.
    content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    known: dict[str, KnownPublisher] = {}
    for entry in content["sources"]:
        for domain in (entry["domain"], *entry.get("also", ())):
            known.setdefault(domain, _publisher(entry))
    return known


def _publisher(entry: Mapping[str, Any]) -> KnownPublisher:
    return KnownPublisher(entry["id"], entry["name"], entry["country"], entry["family"], entry["tier"])
