"""What `/metrics` answers: Prometheus's text format, or OpenMetrics with exemplars where the scraper asks for it."""

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder


def exposition(accept: str | None) -> tuple[bytes, str]:
    """Body and Content-Type for a request whose Accept header is `accept`."""
    encode, content_type = choose_encoder(accept or "")
    return encode(REGISTRY), content_type
