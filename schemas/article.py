"""RawArticle, the value of `geonews.raw.v1`: what any producer may send us."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

MAX_RAW_BYTES = 1024 * 1024  # 1 MiB: the largest raw value that is accepted
MAX_URL_CHARS = 2048


def _one_or_many(value: Any) -> Any:
    """Accept a lone string where a list is meant: many feeds send one author as a string."""
    return [value] if isinstance(value, str) else value


def _known_problem(value: Any) -> Any:
    """What a producer says here that we do not know is no reason to turn its article away."""
    return value if value in ("future", "old") else None


HttpUrl = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_URL_CHARS, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://"
    ),
]
Strings = Annotated[list[str], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]


_TEXTS = ("title", "text", "summary")


def _holds(name: str) -> JsonDict:
    return {"required": [name], "properties": {name: {"type": "string", "pattern": r"\S"}}}


class SourceRef(BaseModel):
    """The publisher as the producer names it; every field is optional."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    id: str | None = None
    name: str | None = None
    domain: str | None = None
    country: str | None = Field(None, description="ISO 3166-1 alpha-2")


class RawArticle(BaseModel):
    """One article as fetched. Unknown fields are accepted and ignored.

    `url` and at least one of `title`, `text` and `summary` are required. HTML in text fields is reduced to text.
    """

    model_config = ConfigDict(extra="ignore", json_schema_extra={"anyOf": [_holds(name) for name in _TEXTS]})

    url: HttpUrl = Field(description="http or https address of the article")
    title: str | None = None
    text: str | None = None
    summary: str | None = None
    source: SourceRef | str | None = Field(None, description="a publisher's name, or {id, name, domain, country}")
    published_at: AwareDatetime | None = Field(None, description="RFC 3339")
    fetched_at: AwareDatetime | None = Field(None, description="RFC 3339")
    language: str | None = Field(
        None, description="BCP 47", pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$", max_length=64
    )
    authors: Strings | None = None
    categories: Strings | None = None
    image_url: str | None = None
    date_problem: Annotated[
        Literal["future", "old"] | None, BeforeValidator(_known_problem, json_schema_input_type=Any)
    ] = Field(
        None, description="what the poller found wrong with the date: in the future (and so left out), or years old"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(part and part.strip() for part in (getattr(self, name) for name in _TEXTS)):
            raise ValueError("at least one of title, text and summary must hold text")
        return self
