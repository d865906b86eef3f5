"""Every setting of geonews, in one typed place: environment variables `GEONEWS_*`, or the same names in `.env`."""

import socket
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.secret_files import FileSettingsSource
from schemas.channels import Channels


class Settings(BaseSettings):
    """Settings with their defaults; each `GEONEWS_<NAME>` overrides the field of that name."""

    model_config = SettingsConfigDict(env_prefix="GEONEWS_", env_file=".env", extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files that it names, then `.env`."""
        del file_secret_settings  # a directory of secrets would be a second way to do the same
        return init_settings, env_settings, FileSettingsSource(settings_cls), dotenv_settings

    # Kafka
    kafka_bootstrap: str | None = Field(
        None, description="host:port[,host:port]; empty: the local Kafka of `geonews kafka start`"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="SSL encrypts, SASL says who one is"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how the password is proved"
    )
    kafka_sasl_username: str | None = Field(None, description="needed with SASL")
    kafka_sasl_password: SecretStr | None = Field(None, description="needed with SASL")
    kafka_ssl_cafile: Path | None = Field(None, description="CA certificates in PEM; empty: the system's")
    kafka_ssl_certfile: Path | None = Field(None, description="client certificate in PEM, for mutual TLS")
    kafka_ssl_keyfile: Path | None = Field(None, description="key of the client certificate in PEM")
    kafka_compression: Literal["none", "gzip", "lz4", "snappy", "zstd"] = Field(
        "lz4", description="of what geonews produces"
    )
    home: Path = Field(Path(".geonews"), description="where the local Kafka keeps its jars, data and log")
    jars: Path | None = Field(None, description="where Kafka's jars are kept; empty: the user's cache directory")
    kafka_heap_mb: int = Field(768, ge=256, description="largest heap of the local Kafka, in MiB")

    # Topics
    namespace: str = Field(
        "geonews", pattern=r"^[a-z0-9][a-z0-9-]*$", description="first part of every topic and group name"
    )
    partitions: int = Field(
        8, ge=1, le=10_000, description="of topics that `geonews topics create` makes; growing raw later re-keys"
    )
    replication_factor: int = Field(1, ge=1, le=15, description="of topics that are created; 3 on a cluster")

    # Delivery
    worker_id: str = Field(
        default_factory=socket.gethostname, description="static group member id; unique for each live worker"
    )
    batch_records: int = Field(500, ge=1, le=100_000, description="most records in one transaction")
    session_timeout_ms: int = Field(6000, ge=1000, description="a dead worker's partitions move after this")
    heartbeat_interval_ms: int = Field(500, ge=100, description="at most a third of the session timeout")
    transaction_timeout_ms: int = Field(
        30_000, ge=1000, description="the broker aborts a transaction left open this long"
    )
    stall_seconds: float = Field(
        60.0, gt=0, description="a lane with records waiting and no progress for this long ends the process"
    )
    shutdown_seconds: float = Field(8.0, gt=0, description="how long lanes may take to finish their batch on SIGTERM")
    seen_hours: float = Field(72.0, gt=0, description="how long a URL or text is remembered for de-duplication")
    seen_max_entries: int = Field(
        200_000, ge=100, description="most articles remembered per partition; about 170 bytes each"
    )

    # Stories
    stories: bool = Field(
        True,
        description="workers take turns at stories and alerts, too; off for those that leave it to another worker",
    )
    story_embeddings: bool = Field(
        True, description="stories use the encoder where one ships: some 20 ms an article for joins across languages"
    )
    story_days: float = Field(7.0, gt=0, description="a story that no article joined for so long is closed")
    story_max_articles: int = Field(
        20_000, ge=100, description="most articles remembered in open stories; about 20 kB each, the quietest go first"
    )

    # Classification
    classifier: str = Field(
        "cascade",
        description="who decides: cascade, cascade:DOUBT, lexicon, encoder, hf:PATH, python:module:factory",
    )
    shadow_classifier: str | None = Field(
        None, description="a classifier that reads along and publishes nothing; `geonews shadow report` compares"
    )
    model_threads: int = Field(1, ge=1, le=256, description="threads that one call of the transformer computes with")
    model_wait_ms: float = Field(
        20.0,
        ge=0,
        le=1000,
        description="an article that needs the transformer waits at most this long for others, to go there together",
    )
    taxonomy: Path | None = Field(None, description="taxonomy file; empty: the one that ships with geonews")

    # Serving
    web_host: str = Field("127.0.0.1", description="address that the worker's web server listens on")
    web_port: int = Field(6066, ge=0, le=65535, description="worker's /metrics, /livez, /readyz; 0 picks a free port")
    gateway_host: str = Field("127.0.0.1", description="address that the gateway listens on")
    gateway_port: int = Field(8080, ge=0, le=65535, description="live page and HTTP API; 0 picks a free port")
    gateway_window: int = Field(10_000, ge=1, description="most recent events (stories, alerts) that the gateway keeps")
    gateway_window_hours: float = Field(168.0, gt=0, description="older ones than this are not kept")
    gateway_clients: int = Field(5000, ge=1, description="most clients of the stream at once")
    gateway_backlog: int = Field(
        1000, ge=1, description="a stream client that takes nothing while this many events arrive is dropped"
    )
    gateway_heartbeat_seconds: float = Field(15.0, gt=0, description="comment sent on a stream that is silent")

    api_keys: list[SecretStr] = Field(
        default_factory=list,
        description='who may read and POST /v1/articles, as a JSON list of keys, plain or as "sha256:<hex>"',
    )
    keys_file: Path | None = Field(
        None, description="file of `geonews keys`, read again when it changes; empty: keys.json in GEONEWS_HOME"
    )
    anonymous_read: bool = Field(True, description="reading needs no API key")
    read_rate: float = Field(
        50.0, gt=0, description="most requests a second of one API key, or one address without a key, on average"
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description='web pages elsewhere that may read, as a JSON list: ["https://example.org"]; ["*"]: any',
    )
    push_rate: float = Field(200.0, gt=0, description="most articles a second that one API key may push, on average")

    # Ingestion
    sources: Path | None = Field(
        None, description="catalogue of sources; empty: the one that ships with geonews (config/sources.yaml)"
    )
    poll_sources: bool = Field(
        False,
        description="workers poll the catalogue's feeds too; `geonews sources run` does it in a process of its own",
    )
    source_min_seconds: float = Field(120.0, gt=0, description="a source that changes often is polled this often")
    source_max_seconds: float = Field(3600.0, gt=0, description="a source that hardly changes is polled this often")
    source_concurrency: int = Field(64, ge=1, description="most fetches at once in one process")
    fetch_text: bool = Field(
        False,
        description="fetch the page of an article whose feed gives no text, where robots.txt allows it and no paywall "
        "stands before it; needs `pip install geonews[fulltext]`",
    )
    host_concurrency: int = Field(2, ge=1, description="most fetches at once from one host")
    ingest_feeds: list[str] = Field(
        default_factory=list, description='feeds that the worker polls, as a JSON list: ["https://…"]'
    )
    ingest_files: list[Path] = Field(
        default_factory=list, description="JSON Lines files that the worker replays once, as a JSON list"
    )
    ingest_rate: float = Field(
        0.0, ge=0, description="most articles a second from files; 0: as fast as Kafka takes them"
    )
    ingest_interval_seconds: float = Field(300.0, gt=0, description="how often a feed is polled")
    user_agent: str = Field(
        "geonews/0.1 (news stream processor; operators set GEONEWS_USER_AGENT)",
        description="sent to every site that is fetched",
    )
    fetch_seconds: float = Field(
        30.0, gt=0, description="most seconds that one fetch takes, redirects and body included"
    )
    fetch_private: bool = Field(
        False, description="fetch from private, loopback and link-local addresses too (for tests)"
    )

    # Alerts
    alert_false_per_day: float = Field(
        2.0, gt=0, description="bound on false burst alerts a day; a loose one, less than half as many are measured"
    )
    webhooks: Path | None = Field(
        None, description="file of webhooks that workers send alerts to; empty: none (`geonews webhooks --help`)"
    )
    webhook_tries: int = Field(
        9, ge=1, le=100, description="how often an alert is offered to a webhook before it is a dead letter"
    )
    webhook_backoff_seconds: float = Field(
        2.0, gt=0, description="longest wait before the second try; it doubles with each, to ten minutes at most"
    )
    webhook_private: bool = Field(
        False, description="send to private, loopback and link-local addresses too, and without TLS"
    )

    # Logging and traces
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least that is logged")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, else JSON lines"
    )
    otlp_endpoint: str | None = Field(
        None,
        description="where traces go (OTLP over HTTP), such as http://127.0.0.1:4318; "
        "needs `pip install geonews[otel]`",
    )
    trace_share: float = Field(
        1.0, ge=0, le=1, description="share of all traces that is reported; every process chooses the same ones"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.heartbeat_interval_ms * 3 > self.session_timeout_ms:
            raise ValueError("GEONEWS_HEARTBEAT_INTERVAL_MS must be at most a third of GEONEWS_SESSION_TIMEOUT_MS")
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError("SASL needs GEONEWS_KAFKA_SASL_USERNAME and GEONEWS_KAFKA_SASL_PASSWORD")
        return self

    @property
    def channels(self) -> Channels:
        """Topic names under this namespace."""
        return Channels(self.namespace)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once. Raises pydantic's ValidationError with the variable's name."""
    return Settings()
