"""What the API offers, as data: routes and the OpenAPI document are both made from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel

from app.gateway.access import Scope
from app.gateway.filters import Query

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ID: Final = "[0-9a-f]{32}"
SLUG: Final = "[a-z0-9][a-z0-9-]*"
JSON: Final = "application/json"


@dataclass(frozen=True)
class Operation:
    """One method of one path. `media` maps the media types of its success to what they hold (None: text)."""

    name: str
    path: str
    handler: Handler
    summary: str
    scope: Scope | None  # None: anybody, always
    media: Mapping[str, type[BaseModel] | None]
    method: str = "GET"
    query: type[Query] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)  # in the path: name -> regular expression
    success: int = 200
    problems: tuple[int, ...] = ()  # beside those of every operation
    body: Mapping[str, Any] = field(default_factory=dict)  # media type -> schema
    counted: bool = True  # against the caller's rate

    @property
    def route_path(self) -> str:
        """As aiohttp matches it."""
        path = self.path
        for name, pattern in self.parameters.items():
            path = path.replace(f"{{{name}}}", f"{{{name}:{pattern}}}")
        return path

    def every_problem(self) -> list[int]:
        """The statuses of all problems that it may answer with."""
        found = set(self.problems) | {500}
        if self.query is not None:
            found.add(400)
        if self.scope is not None:
            found |= {401, 403, 503} | ({429} if self.counted else set())
        return sorted(found)
