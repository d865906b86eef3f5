"""Images and `docker-compose.yml`: valid, and their variables, commands, broker settings and packages are real."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from compose_spec import PyCompose

from app.cli import _load_commands, app
from app.kafka.broker_config import write_config
from app.kafka.jars import KAFKA_VERSION
from app.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BROKERS = [name for name in SERVICES if name.startswith("kafka")]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text("utf-8")
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("geonews-")}


def _has_compose() -> bool:
    found = shutil.which("docker")
    return (
        bool(found)
        and not subprocess.run([str(found), "compose", "version"], capture_output=True, check=False).returncode
    )


# What differs on purpose: listeners and quorum (three names in a network, not one port on this machine).
OWN = {"CLUSTER_ID", "KAFKA_HEAP_OPTS", "KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_LOG_DIRS"}
OWN |= {"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_INTER_BROKER_LISTENER_NAME"}


def test_compose_takes_the_file() -> None:
    """Merge keys are written out first: the parser is as strict about unknown keys as Docker is."""
    _check(yaml.safe_dump(COMPOSE))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("stop_grace_period:", "stop_grace:"), ("127.0.0.1:8080:8080", "a:8080:b"), ("service_healthy", "healthy")],
)
def test_that_would_notice_a_mistake(right: str, wrong: str) -> None:
    text = yaml.safe_dump(COMPOSE)
    assert right in text
    with pytest.raises(ValueError, match=r"\w"):
        _check(text.replace(right, wrong))


def _check(text: str) -> None:
    parsed = PyCompose.from_yaml(text)
    parsed.validate_networks()
    used = {volume.split(":")[0] for name in SERVICES for volume in SERVICES[name].get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


@pytest.mark.skipif(not _has_compose(), reason="no docker compose here")
def test_docker_itself_takes_it() -> None:
    command = ["docker", "compose", "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("profile", "brokers"), [("one-node", {"kafka"}), ("three-broker", {"kafka-1", "kafka-2", "kafka-3"})]
)
def test_each_profile_has_its_brokers_and_makes_the_topics(profile: str, brokers: set[str]) -> None:
    members = {name for name, service in SERVICES.items() if profile in service.get("profiles", [])}
    assert {name for name in members if name.startswith("kafka")} == brokers
    [topics] = members - brokers
    assert SERVICES[topics]["depends_on"].keys() == brokers
    replicas = SERVICES[topics]["environment"].get("GEONEWS_REPLICATION_FACTOR", "1")
    for broker in brokers:
        assert SERVICES[broker]["image"] == f"apache/kafka:{KAFKA_VERSION}"
        environment = SERVICES[broker]["environment"]
        assert replicas == str(len(brokers)) == environment["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"]
        voters = environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
        assert set(re.findall(r"@([a-z0-9-]+):", voters)) == brokers
    for name in ("worker", "gateway"):
        assert SERVICES[name]["depends_on"][topics] == {
            "condition": "service_completed_successfully",
            "required": False,
        }
        assert "profiles" not in SERVICES[name]


def test_monitoring_is_provisioned() -> None:
    for name in ("prometheus", "alertmanager", "grafana"):
        assert SERVICES[name]["profiles"] == ["monitoring"]
        mounted = [volume.split(":")[0] for volume in SERVICES[name]["volumes"] if volume.startswith("./")]
        assert mounted
        assert all((ROOT / path).is_dir() for path in mounted)


@pytest.mark.parametrize("name", [name for name in SERVICES if not name.startswith("kafka")])
def test_processes_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_ports_stay_on_this_machine(name: str) -> None:
    assert re.search(r":v?\d+\.\d+", SERVICES[name]["image"])
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_commands_and_variables_exist(name: str) -> None:
    _load_commands()
    command = typer.main.get_command(app)
    for word in OURS[name]["command"]:
        if not hasattr(command, "commands"):
            break
        assert word in command.commands
        command = command.commands[word]
    known = {f"GEONEWS_{field.upper()}" for field in Settings.model_fields}
    assert set(OURS[name]["environment"]) <= known


def test_the_image_sets_known_variables() -> None:
    found = set(re.findall(r"\bGEONEWS_[A-Z_]+", DOCKERFILE))
    assert found
    assert found <= {f"GEONEWS_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("broker", BROKERS)
def test_brokers_are_set_as_the_local_one(broker: str, tmp_path: Path) -> None:
    server, _ = write_config(tmp_path, port=1, controller_port=2)
    local = dict(line.split("=", 1) for line in server.read_text().splitlines())
    given = {name: value for name, value in SERVICES[broker]["environment"].items() if name not in OWN}
    if broker != "kafka":
        given = {name: value for name, value in given.items() if not re.search(r"REPLICA|_ISR$|INSYNC|NODE_ID", name)}
    assert given == {name: local[name.removeprefix("KAFKA_").lower().replace("_", ".")] for name in given}
    assert {"KAFKA_MESSAGE_MAX_BYTES", "KAFKA_AUTO_CREATE_TOPICS_ENABLE"} <= set(given)


def test_everything_that_the_image_copies_is_in_its_context() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word.removeprefix("./")
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for word in line.split()
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("target", ["worker", "gateway"])
def test_images_run_as_nobody_in_particular_and_say_how_they_are(target: str) -> None:
    stage = re.search(rf"^FROM base AS {target}\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert stage
    assert "HEALTHCHECK" in stage[1]
    assert f'CMD ["{target}"]' in stage[1]
    base = re.search(r"^FROM python AS base\n(.*?)(?=^FROM)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert base
    assert "USER 10001" in base[1]
    assert all(":" in name for name in re.findall(r"^FROM (?!scratch)(\S+\.\S+)", DOCKERFILE, re.MULTILINE))


def test_the_image_s_wheel_is_whole(tmp_path: Path) -> None:
    """Built from nothing but what the Dockerfile copies, it holds the code and the files of config/."""
    context = tmp_path / "context"
    context.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, context)
    for name in ("config", "models", "schemas", "app", "agents"):
        shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__", "encoder"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheel")]
    subprocess.run(command, cwd=context, check=True, capture_output=True)
    [wheel] = (tmp_path / "wheel").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "app/main.py",
        "agents/classify.py",
        "app/_data/config/taxonomy.yaml",
        "app/_data/models/README.md",
    } <= names


FORBID = """
import sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in NAMES:
            raise ModuleNotFoundError(f"{name} is not in this image")
sys.meta_path.insert(0, Forbidden())
"""
TRACES = "from app.tracing import Collector; Collector('http://127.0.0.1:9', 1.0, 'a worker')"
STARTS = {
    "worker": "import app.main, agents.classify, agents.ingest, agents.route; agents.classify._load(); " + TRACES,
    "gateway": "import app.gateway.server, uvloop; from app.gateway.topics import topics_of; "
    "from app.settings import get_settings; from app.cli import _load_commands; _load_commands(); "
    "assert topics_of(get_settings()); " + TRACES,
}


@pytest.mark.parametrize("kind", ["worker", "gateway"])
def test_processes_need_nothing_that_their_image_lacks(kind: str, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("slim", ROOT / "docker" / "slim.py")
    assert spec is not None
    assert spec.loader is not None
    slim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slim)
    without = slim.WITHOUT[kind]
    [name] = re.findall(rf"slim\.py {kind} (\S+)", DOCKERFILE)
    lock = (ROOT / name).read_text("utf-8").splitlines(keepends=True)
    locked = {line.split("==")[0] for line in lock if "==" in line}
    assert without <= locked, "slim.py names what is no dependency any more"
    left = "".join(slim.slim(lock, without))
    kept = {line.split("==")[0] for line in left.splitlines() if "==" in line}
    assert kept == locked - without
    assert {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"} <= kept, "GEONEWS_OTLP_ENDPOINT needs them"
    assert left.count("--hash") > len(kept)
    modules = [
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if {package.lower().replace("_", "-") for package in packages} <= without
    ]
    assert modules
    code = f"NAMES = {modules!r}\n{FORBID}\n{STARTS[kind]}"
    environment = os.environ | {"GEONEWS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_images_have_the_versions_that_are_tested() -> None:
    """The lock file of the images holds the product's own, and those of traces as the tests install them."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    images, product = pins("requirements-otel.lock"), pins("requirements.lock")
    assert product <= images
    assert images - product <= pins("requirements-dev.lock")
