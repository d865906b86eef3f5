"""docs/openapi.json, from the gateway's operations."""

from collections.abc import Sequence

from app.gateway import openapi
from app.gateway.api import Api
from app.gateway.offers import operations
from app.gateway.push import Push


def document(topics: Sequence[str]) -> str:
    """The OpenAPI document for a taxonomy with these topics."""
    # Handlers are only named here, never called: what they would work with need not be there.
    return openapi.text(operations(object.__new__(Api), object.__new__(Push)), topics)
