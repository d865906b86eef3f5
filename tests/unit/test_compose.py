"""`docker-compose.yml` against the code: its variables, commands and broker settings are real ones."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from app.cli import _load_commands, app
from app.kafka.broker_config import write_config
from app.kafka.jars import KAFKA_VERSION
from app.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("geonews:")}
# What differs on purpose: listeners and quorum (three names in a network, not one port on this machine).
OWN = {"CLUSTER_ID", "KAFKA_HEAP_OPTS", "KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_LOG_DIRS"}
OWN |= {"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_INTER_BROKER_LISTENER_NAME"}


def test_the_services_of_the_design_are_there() -> None:
    assert {"kafka", "topics", "worker", "gateway"} <= set(SERVICES)
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


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
    found = set(re.findall(r"\bGEONEWS_[A-Z_]+", (ROOT / "docker" / "Dockerfile").read_text("utf-8")))
    assert found
    assert found <= {f"GEONEWS_{field.upper()}" for field in Settings.model_fields}


def test_the_broker_is_set_as_the_local_one(tmp_path: Path) -> None:
    server, _ = write_config(tmp_path, port=1, controller_port=2)
    local = dict(line.split("=", 1) for line in server.read_text().splitlines())
    given = {name: value for name, value in SERVICES["kafka"]["environment"].items() if name not in OWN}
    assert given == {name: local[name.removeprefix("KAFKA_").lower().replace("_", ".")] for name in given}
    assert {"KAFKA_MESSAGE_MAX_BYTES", "KAFKA_AUTO_CREATE_TOPICS_ENABLE"} <= set(given)


def test_everything_that_the_image_copies_is_in_its_context() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text("utf-8")
    copied = {
        word.removeprefix("./")
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for word in line.split()
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
