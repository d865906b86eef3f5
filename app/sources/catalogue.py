"""The catalogue of sources: `config/sources.yaml`, or the file that GEONEWS_SOURCES names, loaded and checked."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from app.classification.taxonomy import config_directory
from app.errors import ConfigurationError

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$", max_length=253)]
Kind = Literal[
    "agency",
    "newspaper",
    "magazine",
    "broadcaster",
    "public-broadcaster",
    "government",
    "institution",
    "institute",
]


class CatalogueSource(BaseModel):
    """One feed and its publisher."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Slug = Field(description="stays the same for ever: the source's memory in Kafka hangs on it")
    name: str = Field(min_length=1, max_length=200)
    url: str = Field(pattern=r"^https?://[^\s/]+", max_length=2048, description="RSS, Atom, RDF or JSON Feed")
    domain: Domain = Field(description="whose articles these are")
    also: tuple[Domain, ...] = Field((), description="further domains of the same publisher")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2, of the newsroom or the seat")
    language: str = Field(pattern=r"^[a-z]{2,3}$", description="ISO 639-1, of the feed")
    tier: Literal[1, 2, 3] = Field(
        description="1 agencies, papers of record, institutions; 2 others of standing; 3 partisan, unfree or unknown"
    )
    family: Slug = Field(description="publishers with one owner or one wire share a family")
    kind: Kind
    state_affiliated: bool = Field(False, description="owned or steered by a government")
    paywall: bool = Field(False, description="most articles are for subscribers")


class Catalogue(BaseModel):
    """All sources; ids and addresses are unique, and feeds of one domain agree on who publishes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[CatalogueSource, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what in ("id", "url"):
            counts = Counter(getattr(source, what) for source in self.sources)
            if twice := [value for value, count in counts.items() if count > 1]:
                raise ValueError(f"{what} {twice[0]!r} stands more than once")
        owners: dict[str, CatalogueSource] = {}
        for source in self.sources:
            for domain in (source.domain, *source.also):
                other = owners.setdefault(domain, source)
                for what in ("family", "country", "tier", "state_affiliated"):
                    if getattr(other, what) != getattr(source, what):
                        raise ValueError(f"{other.id} and {source.id} share {domain} but differ in {what}")
        return self

    def get(self, source_id: str) -> CatalogueSource | None:
        """The source with that id."""
        return next((source for source in self.sources if source.id == source_id), None)


def catalogue_path(path: Path | None = None) -> Path:
    """The file that is meant: the one given, or the one that ships with geonews."""
    return path or config_directory() / "sources.yaml"


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Load and check a catalogue; None: the one that ships with geonews. Raises ConfigurationError."""
    path = catalogue_path(path)
    content: Any = None
    try:
        # The C loader reads the file in a tenth of the time; it is missing where PyYAML was built without it.
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return Catalogue.model_validate(content)
    except OSError as error:
        raise ConfigurationError(
            f"sources {path}: {error.strerror}; set GEONEWS_SOURCES to a file that exists"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"sources {path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        problems = "; ".join(f"{_place(problem['loc'], content)}: {problem['msg']}" for problem in error.errors()[:5])
        raise ConfigurationError(f"sources {path}: {problems}") from None


def _place(location: tuple[int | str, ...], content: Any) -> str:
    """Where a problem is, in the words of the file: the source's id instead of its number."""
    if len(location) < 2 or not isinstance(location[1], int):
        return ".".join(map(str, location)) or "file"
    entry = content["sources"][location[1]]
    name = entry.get("id") if isinstance(entry, dict) else None
    return ".".join([str(name or f"source {location[1] + 1}"), *map(str, location[2:])])
