"""New entries for a catalogue, as text at its end: the comments of whoever keeps the file stay as they are."""

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.errors import ConfigurationError
from app.sources.catalogue import Catalogue, CatalogueSource, load_catalogue
from app.sources.discovery import Found


def entry_for(found: Found, catalogue: Catalogue, *, country: str, language: str | None, tier: int, kind: str) -> str:
    """The entry of a feed that was found, in YAML. Raises ConfigurationError where it would not fit the catalogue."""
    if known := next((source for source in catalogue.sources if source.url == found.url), None):
        raise ConfigurationError(f"{found.url} is in the catalogue already, as {known.id}")
    language = (language or found.language or "").lower().replace("_", "-").partition("-")[0]
    if not language:
        raise ConfigurationError(f"{found.url} does not say its language: give --language")
    publisher = next((s for s in catalogue.sources if found.domain in (s.domain, *s.also)), None)
    fields = {
        "id": _new_id(found.domain, catalogue),
        "name": publisher.name if publisher else found.title or found.domain,
        "url": found.url,
        "domain": found.domain,
        "country": publisher.country if publisher else country,
        "language": language,
        "tier": publisher.tier if publisher else tier,
        "family": publisher.family if publisher else _slug(found.domain),
        "kind": publisher.kind if publisher else kind,
        "state_affiliated": publisher.state_affiliated if publisher else False,
        "paywall": publisher.paywall if publisher else False,
    }
    try:
        CatalogueSource.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise ConfigurationError(f"{found.url} does not fit the catalogue: {problems}") from None
    lines = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=10_000).splitlines()
    return "\n".join(("  - " if number == 0 else "    ") + line for number, line in enumerate(lines))


def append(path: Path, text: str) -> None:
    """Add an entry to a catalogue. Raises ConfigurationError, with the file as it was, when it cannot be."""
    try:
        before = path.read_text("utf-8")
        path.write_text(before.rstrip("\n") + "\n" + text + "\n", "utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"sources {path} cannot be written ({error.strerror}): copy it, and name the copy in GEONEWS_SOURCES"
        ) from None
    try:
        load_catalogue(path)
    except ConfigurationError:
        path.write_text(before, "utf-8")
        raise


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50]


def _new_id(domain: str, catalogue: Catalogue) -> str:
    taken = {source.id for source in catalogue.sources}
    name, number = _slug(domain), 1
    while (candidate := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return candidate
