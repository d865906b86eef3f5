"""The contract for programs, made from the code: JSON Schemas of the models, an AsyncAPI document of the channels."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.alert import Alert
from schemas.article import RawArticle
from schemas.channels import Channel, Channels
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage
from schemas.event import EVENT_TYPE, EnrichedEvent
from schemas.ledger import LedgerRecord
from schemas.source_health import SourceHealth
from schemas.story import Story
from schemas.withdrawal import Withdrawal

GENERATED: Final = Path(__file__).parent / "generated"
REMEDY: Final = "geonews schemas export"
MODELS: Final[tuple[type[BaseModel], ...]] = (
    RawArticle,
    EnrichedEvent,
    Withdrawal,
    LedgerRecord,
    SourceHealth,
    Story,
    Alert,
)
ASYNCAPI: Final = "asyncapi.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TRACEPARENT: Final = {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"}


def documents(topics: Iterable[str]) -> dict[str, str]:
    """Every generated file by name; `topics` are the taxonomy's, whose channels follow from them."""
    found = {f"{_slug(model.__name__)}.schema.json": _standalone(model) for model in MODELS}
    found["dead-letter-headers.schema.json"] = {"$schema": _DIALECT} | dead_letter_headers()
    found["event-headers.schema.json"] = {"$schema": _DIALECT} | event_headers()
    found[ASYNCAPI] = asyncapi(Channels().all(topics))
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in found.items()}


def dead_letter_headers() -> dict[str, Any]:
    """JSON Schema of a dead letter's `geonews.error.*` headers, decoded as UTF-8."""
    closed: dict[str, type[StrEnum]] = {"stage": Stage, "reason": Reason}
    sample = DeadLetterHeaders(Stage.VALIDATE, Reason.NOT_JSON, "", "", "", 0, 0, 0)
    properties: dict[str, Any] = {}
    for header, _ in sample.to_headers():
        name = header.rpartition(".")[2]
        if name in closed:
            properties[header] = {"type": "string", "enum": [choice.value for choice in closed[name]]}
        elif name in {"partition", "offset", "timestamp", "attempts"}:
            properties[header] = {"type": "string", "pattern": "^-?[0-9]+$"}
        else:
            properties[header] = {"type": "string"}
    return _headers(
        "DeadLetterHeaders", "Why a record could not be processed; its own headers stand beside.", properties
    )


def event_headers() -> dict[str, Any]:
    """JSON Schema of an event's headers, decoded as UTF-8: CloudEvents 1.0 in binary mode, and its trace."""
    properties = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "the event's id"},
        "ce_source": {"type": "string", "format": "uri-reference"},
        "ce_type": {"const": EVENT_TYPE},
        "ce_time": {"type": "string", "format": "date-time", "description": "published_at"},
        "ce_subject": {"type": "string", "format": "uri", "description": "canonical URL"},
        "content-type": {"const": "application/json"},
        "traceparent": _TRACEPARENT | {"description": "this hop"},
        "ce_traceparent": _TRACEPARENT | {"description": "the article's origin"},
    }
    return _headers("EventHeaders", "CloudEvents 1.0 attributes and W3C trace context.", properties)


def asyncapi(channels: Iterable[Channel]) -> dict[str, Any]:
    """AsyncAPI 3.0 document of the public channels. Values that have no model yet are named, without a schema."""
    public = [channel for channel in channels if channel.public]
    _, definitions = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "geonews",
            "version": "1",
            "description": "Real-time geopolitical news on Kafka: raw articles in, classified and enriched events out.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in public},
        "operations": dict(_operation(channel) for channel in public),
        "components": {
            "messages": {_message_name(channel): _message(channel) for channel in public},
            "schemas": definitions["$defs"],
        },
    }


def _standalone(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": _DIALECT} | model.model_json_schema()


def _headers(title: str, description: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _slug(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).strip("-")


def _message_name(channel: Channel) -> str:
    return channel.value if channel.value.isidentifier() else "DeadLetter"


def _channel(channel: Channel) -> dict[str, Any]:
    name = _message_name(channel)
    config: dict[str, Any] = {key: int(value) for key, value in channel.config.items() if value.isdigit()}
    config["cleanup.policy"] = channel.config["cleanup.policy"].split(",")
    return {
        "address": channel.name,
        "description": channel.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "kafka": {"topic": channel.name, "topicConfiguration": config, "bindingVersion": "0.5.0"},
        },
    }


def _operation(channel: Channel) -> tuple[str, dict[str, Any]]:
    """What geonews does with a channel: it receives raw articles, and sends everything else."""
    action = "receive" if channel.value == RawArticle.__name__ else "send"
    operation = {"action": action, "channel": {"$ref": f"#/channels/{channel.name}"}, "summary": channel.description}
    return f"{action} {channel.name}", operation


def _message(channel: Channel) -> dict[str, Any]:
    name = _message_name(channel)
    message: dict[str, Any] = {
        "name": name,
        "bindings": {"kafka": {"key": {"type": "string", "description": channel.key}, "bindingVersion": "0.5.0"}},
    }
    if name in {model.__name__ for model in MODELS}:
        message |= {"contentType": "application/json", "payload": {"$ref": f"#/components/schemas/{name}"}}
    if name == EnrichedEvent.__name__:
        message["headers"] = event_headers()
    if name == "DeadLetter":
        message |= {"contentType": "application/octet-stream", "headers": dead_letter_headers()}
    return message
