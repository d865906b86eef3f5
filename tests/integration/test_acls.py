"""Least privilege on a real broker with an authorizer: each process does its work with what `kafka acls` grants it."""

import argparse
import asyncio
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import aiohttp
import orjson
import pytest
import trustme
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from app.audit.run import audit
from app.errors import ConfigurationError
from app.gateway.server import serving
from app.kafka.acls import Process, acls, commands
from app.kafka.admin import admin_client, ensure_topics
from app.kafka.client import client_options
from app.kafka.jars import ensure_jars
from app.kafka.java import find_java
from app.kafka.local import LocalKafka
from app.kafka.local_state import free_port
from app.settings import Settings
from tests.conftest import TOPICS, make_settings
from tests.gateway_tools import TOPICS as GATEWAY_TOPICS
from tests.kafka_tools import Put, produce
from tests.lane_tools import article, home, running

pytestmark = pytest.mark.integration
PASSWORD = "geonews-secret"
# Codes of Kafka's protocol.
_RESOURCES = {"topic": 2, "group": 3, "transactional-id": 5}
_PATTERNS = {"literal": 3, "prefixed": 4}
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
_ALLOW = 3
USED = (Process.WORKER, Process.GATEWAY, Process.INGEST, Process.ADMIN, Process.READER)


@dataclass(frozen=True)
class Guarded:
    """A broker that allows nobody anything but what was granted; `home` holds the certificates."""

    bootstrap: str  # of the listener on which everybody may do everything
    scram: str
    mutual_tls: str
    home: Path

    def settings(self, base: Settings, process: Process) -> Settings:
        """The settings of a process that logs in as the user of its kind: the gateway with a password (SCRAM)."""
        if process is Process.GATEWAY:
            return base.model_copy(
                update={
                    "kafka_bootstrap": self.scram,
                    "kafka_security_protocol": "SASL_PLAINTEXT",
                    "kafka_sasl_mechanism": "SCRAM-SHA-512",
                    "kafka_sasl_username": f"geonews-{process}",
                    "kafka_sasl_password": SecretStr(PASSWORD),
                }
            )
        return base.model_copy(
            update={
                "kafka_bootstrap": self.mutual_tls,
                "kafka_security_protocol": "SSL",
                "kafka_ssl_cafile": self.home / "ca.pem",
                "kafka_ssl_certfile": self.home / f"{process}.pem",
                "kafka_ssl_keyfile": self.home / f"{process}.key",
            }
        )


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("guarded-kafka")
    _certificates(home)
    scram = free_port(31_000)
    tls = free_port(scram + 1)
    listeners = f"SASL_PLAINTEXT://127.0.0.1:{scram},SSL://127.0.0.1:{tls}"
    extra = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(home / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(home / "ca.pem"),
        "ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    kafka = LocalKafka(home, heap_mb=512, extra=extra)
    kafka.start()
    try:
        found = Guarded(kafka.bootstrap, f"127.0.0.1:{scram}", f"127.0.0.1:{tls}", home)
        _add_scram_user(home, kafka.bootstrap)
        yield found
    finally:
        kafka.stop()


@pytest.fixture(scope="module")
def base(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A namespace whose users may do what `geonews kafka acls` says, granted by its own lines; with all topics."""
    settings = make_settings(guarded.bootstrap, tmp_path_factory.mktemp("home"))
    asyncio.run(_grant(settings, guarded))
    assert asyncio.run(ensure_topics(guarded.settings(settings, Process.ADMIN), TOPICS)) == []
    return settings


async def _grant(settings: Settings, guarded: Guarded) -> None:
    async with admin_client(settings) as admin:
        for process in USED:
            lines = commands(process, acls(process, settings, TOPICS), f"geonews-{process}", guarded.bootstrap)
            for request in [request for line in lines[1:] for request in _requests(line)]:
                answer = await admin._send_request(request)
                assert [code for code, _ in answer.creation_responses] == [0]


def _requests(line: str) -> Iterator[CreateAclsRequest]:
    """What `kafka-acls.sh` makes of its arguments."""
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("program", choices=["kafka-acls.sh"])
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    parser.add_argument("--resource-pattern-type", choices=_PATTERNS, default="literal")
    parser.add_argument("--operation", choices=_OPERATIONS, action="append", required=True)
    for resource in _RESOURCES:
        parser.add_argument(f"--{resource}", action="append", default=[])
    given = parser.parse_args(shlex.split(line))
    for resource, code in _RESOURCES.items():
        for name, operation in product(getattr(given, resource.replace("-", "_")), given.operation):
            pattern = _PATTERNS[given.resource_pattern_type]
            yield CreateAclsRequest(code, name, pattern, given.allow_principal, "*", _OPERATIONS[operation], _ALLOW)


@pytest.mark.timeout(240)
async def test_each_process_does_its_work_with_the_least(guarded: Guarded, base: Settings) -> None:
    worker = guarded.settings(base, Process.WORKER)
    gateway = guarded.settings(base, Process.GATEWAY)
    records = [Put(orjson.dumps(article(n)), partition=home(article(n)["url"])) for n in range(20)]
    records.append(Put(b"nonsense"))
    async with running(worker) as health, serving(gateway, GATEWAY_TOPICS) as served:
        await produce(guarded.settings(base, Process.INGEST), base.channels.raw, records)
        async with asyncio.timeout(120):
            await _read(guarded.settings(base, Process.READER), base.channels.events, 20)
            while not await _is_ready(served.address):  # noqa: ASYNC110 - another task is waited for
                await asyncio.sleep(0.2)
        assert health.is_ready, health.reasons
    assert (await audit(guarded.settings(base, Process.ADMIN))).is_clean


async def _read(settings: Settings, topic: str, count: int) -> None:
    """What a subscriber does: read that many records in a group of its own."""
    consumer = AIOKafkaConsumer(
        topic,
        **client_options(settings),
        group_id="reader-test",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        for _ in range(count):
            await consumer.getone()
        await consumer.commit()
    finally:
        await consumer.stop()


async def _is_ready(address: str) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{address}readyz") as answer:
        return answer.status == 200


@pytest.mark.parametrize(
    ("process", "topic"),
    [(Process.GATEWAY, "events"), (Process.INGEST, "events"), (Process.READER, "raw"), (Process.READER, "events")],
)
async def test_no_process_may_write_what_is_not_its_own(
    guarded: Guarded, base: Settings, process: Process, topic: str
) -> None:
    # Who may write nowhere is not even given a producer id.
    with pytest.raises((TopicAuthorizationFailedError, ClusterAuthorizationFailedError)):
        await produce(guarded.settings(base, process), getattr(base.channels, topic), [b"{}"])


async def test_a_gateway_may_make_no_topics(guarded: Guarded, base: Settings) -> None:
    with pytest.raises((ConfigurationError, KafkaError)):
        await ensure_topics(guarded.settings(base, Process.GATEWAY), (*TOPICS, "other"))


def _add_scram_user(home: Path, bootstrap: str) -> None:
    command = [str(find_java().command), "-cp", f"{ensure_jars(home)}/*", "kafka.admin.ConfigCommand"]
    command += [
        "--bootstrap-server",
        bootstrap,
        "--alter",
        "--entity-type",
        "users",
        "--entity-name",
        "geonews-gateway",
    ]
    command += ["--add-config", f"SCRAM-SHA-512=[iterations=4096,password={PASSWORD}]"]
    subprocess.run(command, check=True, capture_output=True)


def _certificates(home: Path) -> None:
    """A CA, the broker's certificate with its key, and one for each process."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(home / "ca.pem"))
    broker = ca.issue_cert("127.0.0.1", common_name="broker")
    _write(home / "broker.pem", _pkcs8(broker) + b"".join(part.bytes() for part in broker.cert_chain_pems))
    for process in USED:
        own = ca.issue_cert("127.0.0.1", common_name=f"geonews-{process}")
        _write(home / f"{process}.key", own.private_key_pem.bytes())
        own.cert_chain_pems[0].write_to_path(str(home / f"{process}.pem"))


def _pkcs8(cert: trustme.LeafCert) -> bytes:
    """The private key in the one form that Kafka reads."""
    key = serialization.load_pem_private_key(cert.private_key_pem.bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form)


def _write(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)
