"""Connection options that every Kafka client of geonews shares, from settings."""

import ssl
from typing import Any

from app.errors import KafkaUnavailable
from app.kafka.header_names import tolerate_any
from app.kafka.local import running_bootstrap
from app.settings import Settings

tolerate_any()


def bootstrap_servers(settings: Settings) -> str:
    """`host:port[,host:port]` of the configured Kafka, else of the local one.

    Raises KafkaUnavailable when there is neither.
    """
    if settings.kafka_bootstrap:
        return settings.kafka_bootstrap
    local = running_bootstrap(settings.home)
    if local is None:
        raise KafkaUnavailable(
            "no Kafka: set GEONEWS_KAFKA_BOOTSTRAP=host:port, or start a local one with `geonews kafka start`"
        )
    return local


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that AIOKafkaConsumer, AIOKafkaProducer and AIOKafkaAdminClient all take."""
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap_servers(settings),
        "security_protocol": settings.kafka_security_protocol,
        "client_id": f"geonews-{settings.worker_id}",
    }
    if "SSL" in settings.kafka_security_protocol.split("_"):
        options["ssl_context"] = _tls(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.kafka_ssl_cafile)
    if settings.kafka_ssl_certfile:
        context.load_cert_chain(settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile)
    return context
