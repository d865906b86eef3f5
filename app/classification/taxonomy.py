"""The list of topics and how the lexicon recognises them: `config/taxonomy.yaml`, loaded and checked."""

import hashlib
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

PACKAGE: Final = Path(__file__).parents[1]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class TaxonomyError(ValueError):
    """The taxonomy cannot be used; the message names the file and what to correct."""


class Term(BaseModel):
    """Something to look for: words, each of which a `*` at its end lets go on (and one before the first, begin before).

    A weight below 1 needs company to count fully.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=120)
    weight: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        words = self.text.split()
        if not words or not all(word.strip("*") for word in words):
            raise ValueError(f"term {self.text!r}: a `*` must stand at a word")
        if any("*" in word.rstrip("*") for word in [words[0].removeprefix("*"), *words[1:]]):
            raise ValueError(f"term {self.text!r}: `*` may only end a word, or begin the first")
        return self


def _term(value: object) -> object:
    """Terms are written `words`, or `{words: weight}`."""
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, dict) and len(value) == 1 and "text" not in value:
        [(text, weight)] = value.items()
        return {"text": text, "weight": weight}
    return value


Terms = dict[Language, list[Annotated[Term, BeforeValidator(_term)]]]


class Rule(BaseModel):
    """What the presence of some groups says, in log-odds: each group of `all` must occur, `within` characters if given.

    `points` are what an expert expects; `geonews calibrate` replaces them with what the development data shows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    all: list[Slug] = Field(min_length=1, max_length=2)
    within: int | None = Field(None, ge=1, description="characters between the two hits in the same field")
    unless: Slug | None = Field(None, description="a group whose presence anywhere silences the rule")
    points: float

    @model_validator(mode="after")
    def _near_needs_two(self) -> Self:
        if self.within is not None and len(self.all) != 2:
            raise ValueError(f"rule {self.id}: `within` needs two groups in `all`")
        return self


class Topic(BaseModel):
    """One output channel and what belongs in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    name: str = Field(min_length=1)
    description: str = Field(min_length=1)
    threshold: float = Field(0.5, gt=0, lt=1)
    intercept: float = Field(-4.0, description="log-odds of an article in which no rule fires")
    groups: dict[Slug, Terms] = Field(default_factory=dict)
    rules: list[Rule] = Field(min_length=1)


class Taxonomy(BaseModel):
    """The whole file. `groups` at the top serve every topic; a topic's own group of the same name goes first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(min_length=1)
    topics: list[Topic] = Field(min_length=1)
    groups: dict[Slug, Terms] = Field(default_factory=dict)
    path: Path | None = Field(None, exclude=True, description="the file that this was read from")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if double := _doubles([topic.id for topic in self.topics]):
            raise ValueError(f"topic {double} stands twice")
        for topic in self.topics:
            if double := _doubles([rule.id for rule in topic.rules]):
                raise ValueError(f"topic {topic.id}: rule {double} stands twice")
            known = {*topic.groups, *self.groups}
            for rule in topic.rules:
                if missing := {*rule.all, *([rule.unless] if rule.unless else [])} - known:
                    raise ValueError(f"topic {topic.id}, rule {rule.id}: there is no group {', '.join(missing)}")
        return self

    @property
    def topic_ids(self) -> list[str]:
        """The ids, in the order of the file: the output channels follow from them."""
        return [topic.id for topic in self.topics]

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change whenever anything in here changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def _doubles(names: list[str]) -> str:
    return ", ".join(name for name, count in Counter(names).items() if count > 1)


def config_directory() -> Path:
    """Where the files of `config/` are: inside an installed package, or beside it in a checkout."""
    packaged = PACKAGE / "_data" / "config"
    return packaged if packaged.is_dir() else PACKAGE.parent / "config"


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Load and check a taxonomy; None: the one that ships with geonews. Raises TaxonomyError."""
    path = path or config_directory() / "taxonomy.yaml"
    try:
        # The C loader reads the file in a tenth of the time; it is missing where PyYAML was built without it.
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return Taxonomy.model_validate(content).model_copy(update={"path": path})
    except OSError as error:
        raise TaxonomyError(f"taxonomy {path}: {error.strerror}; set GEONEWS_TAXONOMY to a file that exists") from None
    except yaml.YAMLError as error:
        raise TaxonomyError(f"taxonomy {path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()[:5])
        raise TaxonomyError(f"taxonomy {path}: {problems}") from None
