"""deploy/: what Kustomize renders is valid by the schemas of Kubernetes and KEDA, and about settings that exist."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject

from app.cli import _load_commands, app
from app.settings import Settings
from tests.contract.test_monitoring import known_series

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(path.name for path in (ROOT / "deploy" / "overlays").iterdir())
VERSION = "1.31"  # the oldest that is supported: fields that are newer fail
Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Manifest]:
    """Everything that an overlay leads to. Skips where there is neither kubectl, nor kustomize, nor Go to build it."""
    directory = str(ROOT / "deploy" / "overlays" / overlay)
    ways: tuple[list[str], ...] = (["kubectl", "kustomize", directory], ["kustomize", "build", directory])
    ways += (["go", "run", "sigs.k8s.io/kustomize/kustomize/v5@v5.5.0", "build", directory],)
    command = next((way for way in ways if shutil.which(way[0])), None)
    if command is None:
        pytest.skip("neither kubectl nor kustomize nor go is on the PATH")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def _validate(manifest: Manifest) -> None:
    """Raises for a field that is missing, wrong or unknown."""
    if manifest["kind"] == "ScaledObject":
        # The model ignores fields that it does not know: they would be missing from what it gives back.
        model = ScaledObject.model_validate(manifest)
        assert model.model_dump(by_alias=True, exclude_unset=True, mode="json") == manifest
    else:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def _pods(overlay: str) -> Iterator[tuple[str, Manifest]]:
    for manifest in rendered(overlay):
        if manifest["kind"] in {"Deployment", "Job"}:
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def _containers(overlay: str) -> Iterator[Manifest]:
    for _, pod in _pods(overlay):
        yield from pod.get("initContainers", [])
        yield from pod["containers"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_are_valid(overlay: str) -> None:
    kinds = {manifest["kind"] for manifest in rendered(overlay)}
    assert kinds >= {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ConfigMap", "Job", "Namespace"}
    for manifest in rendered(overlay):
        _validate(manifest)
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "geonews"


def test_that_would_notice_a_mistake() -> None:
    [scaled] = [manifest for manifest in rendered("production") if manifest["kind"] == "ScaledObject"]
    worker = next(manifest for manifest in rendered("local") if manifest["kind"] == "Deployment")
    with pytest.raises(AssertionError):
        _validate({**scaled, "spec": {**scaled["spec"], "maxReplicas": 3}})
    with pytest.raises(kubernetes_validate.ValidationError):
        _validate({**worker, "spec": {**worker["spec"], "replica": 3}})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_and_commands_exist(overlay: str) -> None:
    known = {f"GEONEWS_{name.upper()}{suffix}" for name in Settings.model_fields for suffix in ("", "_FILE")}
    used = {name for manifest in rendered(overlay) if manifest["kind"] == "ConfigMap" for name in manifest["data"]}
    used |= {variable["name"] for container in _containers(overlay) for variable in container.get("env", [])}
    assert used
    assert used <= known
    _load_commands()
    for container in _containers(overlay):
        command: Any = typer.main.get_command(app)
        for word in container["args"]:
            command = command.commands[word] if hasattr(command, "commands") else command


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_may_do_little(overlay: str) -> None:
    for name, pod in _pods(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
    for container in _containers(overlay):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_for_pages_that_exist(overlay: str) -> None:
    code = {
        "geonews-worker": (ROOT / "app" / "main.py").read_text("utf-8"),
        "geonews-gateway": "".join(file.read_text("utf-8") for file in (ROOT / "app" / "gateway").glob("*.py")),
    }
    asked = [
        (name, probe["httpGet"]["path"])
        for name, pod in _pods(overlay)
        for container in pod["containers"]
        for kind, probe in container.items()
        if kind.endswith("Probe")
    ]
    assert len(asked) == 6
    for name, path in asked:
        assert f'"{path}"' in code[name], (name, path)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_find_their_pods(overlay: str) -> None:
    labels = [
        manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in rendered(overlay)
        if manifest["kind"] in {"Deployment", "Job"}
    ]
    selectors = []
    for manifest in rendered(overlay):
        spec = manifest.get("spec", {})
        if manifest["kind"] == "Service":
            selectors.append(spec["selector"])
        elif manifest["kind"] in {"PodDisruptionBudget", "Deployment"}:
            selectors.append(spec["selector"]["matchLabels"])
        elif manifest["kind"] == "NetworkPolicy":
            selectors.append(spec["podSelector"]["matchLabels"])
    assert len(selectors) == 8
    for selector in selectors:
        assert any(selector.items() <= found.items() for found in labels), selector


def test_workers_scale_on_a_lag_in_seconds_and_never_beyond_the_partitions() -> None:
    manifests = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in rendered("production")}
    scaled = manifests["ScaledObject", "geonews-worker"]["spec"]
    assert scaled["maxReplicaCount"] == int(manifests["ConfigMap", "geonews"]["data"]["GEONEWS_PARTITIONS"])
    assert "replicas" not in manifests["Deployment", scaled["scaleTargetRef"]["name"]]["spec"]
    [trigger] = scaled["triggers"]
    used = set(re.findall(r"geonews_[a-z_]+", trigger["metadata"]["query"]))
    assert used == {"geonews_lag_seconds"}
    assert used <= known_series()
