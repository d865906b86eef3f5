"""The OpenAPI 3.1 document, made from the operations and their models."""

import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.gateway.models import Problem
from app.gateway.operations import JSON, Operation
from schemas.article import RawArticle

_PROBLEM: Final = "application/problem+json"
_REF: Final = "#/components/schemas/{model}"
_INTRODUCTION: Final = (
    "Classified, enriched news events, the stories that they make up and alerts about them. "
    "A parameter that takes several values may be repeated, or hold them with commas between: any of them will do."
)


def document(operations: Sequence[Operation], topics: Sequence[str]) -> dict[str, Any]:
    """The whole document; `topics` are the ids that `topic` may have."""
    models = {model for operation in operations for model in operation.media.values() if model is not None}
    ordered = sorted(models | {Problem}, key=lambda model: model.__name__)
    _, answers = models_json_schema([(model, "serialization") for model in ordered], ref_template=_REF)
    _, bodies = models_json_schema([(RawArticle, "validation")], ref_template=_REF)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, topics)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "geonews",
            "version": version("geonews"),
            "summary": "Real-time geopolitical news",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": answers["$defs"] | bodies["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "a key of `geonews keys`"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "the same key"},
            },
        },
    }


def text(operations: Sequence[Operation], topics: Sequence[str]) -> str:
    """The document as the file that is committed."""
    return json.dumps(document(operations, topics), indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation, topics: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_in_path(operation), *_in_query(operation, topics)],
        "responses": {str(operation.success): _success(operation)}
        | {str(status): _problem(status) for status in operation.every_problem()},
    }
    if operation.success == 200 and "text/event-stream" not in operation.media:
        found["responses"]["304"] = {"description": "as `If-None-Match` has it already"}
    if operation.body:
        found["requestBody"] = {"required": True, "content": dict(_body(operation))}
    if operation.scope is not None:
        keys: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
        # Reading may be open to all: GEONEWS_ANONYMOUS_READ.
        found["security"] = [*keys, {}] if operation.scope == "read" else keys
    return found


def _in_path(operation: Operation) -> Iterable[dict[str, Any]]:
    for name, pattern in operation.parameters.items():
        schema = {"type": "string", "pattern": f"^{pattern}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(operation: Operation, topics: Sequence[str]) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(ref_template=_REF)
    for name, given in schema["properties"].items():
        own = {key: value for key, value in given.items() if key not in {"title", "description"}}
        if own.get("default", "") is None:
            del own["default"]
        if name == "topic":
            own["items"] = {"type": "string", "enum": list(topics)}
        parameter = {"name": name, "in": "query", "description": given.get("description", ""), "schema": own}
        if own.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        yield parameter


def _success(operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {"ETag": {"schema": {"type": "string"}}} if operation.success == 200 else {}
    if "next_cursor" in getattr(operation.media.get(JSON), "model_fields", {}):
        headers["Link"] = {"description": "the next page, rel=next", "schema": {"type": "string"}}
    content = {media: {"schema": _holds(model)} for media, model in operation.media.items()}
    found: dict[str, Any] = {"description": HTTPStatus(operation.success).phrase, "content": content}
    return found | ({"headers": headers} if headers else {})


def _holds(model: type[BaseModel] | None) -> dict[str, Any]:
    return {"type": "string"} if model is None else {"$ref": _REF.format(model=model.__name__)}


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {_PROBLEM: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found


def _body(operation: Operation) -> Iterable[tuple[str, dict[str, Any]]]:
    for media, model in operation.body.items():
        if model is None:
            yield media, {"schema": {"type": "string"}}
        else:
            one = {"$ref": _REF.format(model=model.__name__)}
            yield media, {"schema": {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1000}]}}
