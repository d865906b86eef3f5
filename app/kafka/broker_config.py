"""The files that a local broker starts with: `server.properties` and its log4j configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
# One broker has no peers, so everything has one replica; few partitions of the internal topics make its start short.
_ALONE: Final = {
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 8,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
}
_BEHAVIOUR: Final = {
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "auto.create.topics.enable": "false",
    "message.max.bytes": 16 * MIB,
    "replica.fetch.max.bytes": 16 * MIB,
    "socket.request.max.bytes": 104 * MIB,
    # A dead producer's transaction holds read_committed readers back until the broker looks again.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    # A laptop's disk: segments and their indexes are not preallocated for a busy cluster.
    "log.segment.bytes": 128 * MIB,
    "log.index.size.max.bytes": MIB,
    "controlled.shutdown.enable": "true",
    # After kill -9 the broker waits for its former session to end before it serves again. What a short one costs when
    # a broker is frozen: docs/decisions/0008-broker-sessions.md.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "num.network.threads": 2,
    "num.io.threads": 4,
}
_LISTENERS: Final = frozenset({"listeners", "advertised.listeners", "listener.security.protocol.map"})
_LOG4J: Final = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:geonews.log}
appender.file.filePattern = ${sys:geonews.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS} %p %c{1}: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


def write_config(
    directory: Path, *, port: int, controller_port: int, extra: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Write both files into `directory` (absolute) and return their paths: server.properties, log4j2.properties.

    `extra` holds more properties; those about listeners are added to ours, the others take our place.
    """
    listeners = {"PLAINTEXT": port, "CONTROLLER": controller_port}
    properties: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "listeners": ",".join(f"{name}://127.0.0.1:{number}" for name, number in listeners.items()),
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": directory / "data",
        **_ALONE,
        **_BEHAVIOUR,
    }
    for name, value in (extra or {}).items():
        properties[name] = f"{properties[name]},{value}" if name in _LISTENERS else value
    server, log4j = directory / "server.properties", directory / "log4j2.properties"
    server.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in properties.items()), "ascii")
    log4j.write_text(_LOG4J, "utf-8")
    return server, log4j


def _escaped(value: object) -> str:
    # Java reads properties as Latin-1 with UTF-16 escapes; a home directory may have any name.
    units = str(value).encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 and code != 92 else f"\\u{code:04x}" for code in codes)
