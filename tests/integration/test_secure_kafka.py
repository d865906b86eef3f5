"""The security settings against a real broker with TLS, SASL/PLAIN and SASL/SCRAM listeners."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.errors import KafkaUnavailable
from app.kafka.admin import ensure_topics
from app.kafka.jars import ensure_jars
from app.kafka.java import find_java
from app.kafka.local import LocalKafka
from app.kafka.local_state import free_port
from app.settings import Settings
from tests.conftest import TOPICS, make_settings
from tests.kafka_tools import produce, read_all

pytestmark = pytest.mark.integration

PASSWORD = "geonews-secret"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True)
class Secure:
    """Addresses by security protocol, and the CA that signed the broker."""

    addresses: dict[str, str]
    ca: Path

    def settings(self, home: Path, protocol: str, **changes: Any) -> Settings:
        changes = {
            "kafka_security_protocol": protocol,
            "kafka_sasl_username": "geonews",
            "kafka_sasl_password": SecretStr(PASSWORD),
            **changes,
        }
        return make_settings(self.addresses[protocol], home).model_copy(update=changes)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    home = tmp_path_factory.mktemp("secure-kafka")
    ca = _certificate(home)
    ports: dict[str, int] = {}
    for protocol in ("SSL", "SASL_SSL", "SASL_PLAINTEXT"):
        ports[protocol] = free_port(max(ports.values(), default=29_000) + 1)
    listeners = ",".join(f"{protocol}://127.0.0.1:{port}" for protocol, port in ports.items())
    extra = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": ",".join(f"{protocol}:{protocol}" for protocol in ports),
        "ssl.keystore.location": str(home / "broker.p12"),
        "ssl.keystore.password": PASSWORD,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
    }
    for name in ("sasl_ssl", "sasl_plaintext"):
        plain = f'{PLAIN} required user_geonews="{PASSWORD}";'
        extra[f"listener.name.{name}.plain.sasl.jaas.config"] = plain
        extra[f"listener.name.{name}.scram-sha-512.sasl.jaas.config"] = f"{SCRAM} required;"
    kafka = LocalKafka(home, heap_mb=512, extra=extra)
    kafka.start()
    try:
        _add_scram_user(home, kafka.bootstrap)
        yield Secure({protocol: f"127.0.0.1:{port}" for protocol, port in ports.items()}, ca)
    finally:
        kafka.stop()


@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [("SSL", "PLAIN"), ("SASL_SSL", "PLAIN"), ("SASL_SSL", "SCRAM-SHA-512"), ("SASL_PLAINTEXT", "SCRAM-SHA-512")],
)
async def test_topics_and_records_pass(secure: Secure, tmp_path: Path, protocol: str, mechanism: str) -> None:
    settings = secure.settings(tmp_path, protocol, kafka_sasl_mechanism=mechanism, kafka_ssl_cafile=secure.ca)
    assert await ensure_topics(settings, TOPICS) == []
    await produce(settings, settings.channels.raw, [b"secret news"])
    assert [record.value for record in await read_all(settings, settings.channels.raw)] == [b"secret news"]


@pytest.mark.parametrize(
    ("protocol", "changes"),
    [
        ("SASL_PLAINTEXT", {"kafka_sasl_password": SecretStr("wrong")}),
        ("SASL_SSL", {"kafka_ssl_cafile": None}),  # the system's authorities do not know this broker
        ("SSL", {"kafka_security_protocol": "PLAINTEXT"}),
    ],
)
async def test_what_is_not_trusted_or_not_known_gets_nothing(
    secure: Secure, tmp_path: Path, protocol: str, changes: dict[str, Any]
) -> None:
    settings = secure.settings(tmp_path, protocol, kafka_ssl_cafile=secure.ca).model_copy(update=changes)
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:\d+.*GEONEWS_KAFKA_") as caught:
        await ensure_topics(settings, TOPICS)
    assert PASSWORD not in str(caught.value)
    assert "wrong" not in str(caught.value)


def _certificate(home: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 in broker.p12; returns it in PEM, for clients to trust."""
    keytool, store, pem = (
        str(find_java().command.resolve().with_name("keytool")),
        str(home / "broker.p12"),
        home / "ca.pem",
    )
    common = ["-keystore", store, "-storepass", PASSWORD, "-alias", "broker"]
    make = ["-genkeypair", "-keyalg", "EC", "-dname", "CN=127.0.0.1", "-ext", "SAN=ip:127.0.0.1", "-validity", "7"]
    for action in (make, ["-exportcert", "-rfc", "-file", str(pem)]):
        subprocess.run([keytool, *action, *common], check=True, capture_output=True)
    return pem


def _add_scram_user(home: Path, bootstrap: str) -> None:
    classpath = f"{ensure_jars(home)}/*"
    command = [str(find_java().command), "-cp", classpath, "kafka.admin.ConfigCommand", "--bootstrap-server", bootstrap]
    command += ["--alter", "--entity-type", "users", "--entity-name", "geonews"]
    command += ["--add-config", f"SCRAM-SHA-512=[iterations=4096,password={PASSWORD}]"]
    subprocess.run(command, check=True, capture_output=True)
