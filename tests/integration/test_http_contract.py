"""The HTTP API against its own OpenAPI document: schemathesis asks every operation for what it takes and refuses."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import orjson
import pytest

from app.gateway import keyring
from app.settings import Settings
from tests.gateway_tools import alert, event, gateway_on, health, silence, story, until_events, value
from tests.kafka_tools import Put, produce

pytestmark = pytest.mark.integration
CONFIGURATION = Path(__file__).parents[1] / "schemathesis.toml"
EXAMPLES = 4  # random ones an operation; those that the document itself suggests come first


async def fill(settings: Settings) -> None:
    """Records of every channel that the gateway reads."""
    channels = settings.channels
    events = [Put(value(n), key=str(event(n)["id"]).encode()) for n in range(60)]
    stories = [Put(orjson.dumps(story(n)), key=str(story(n)["id"]).encode()) for n in range(60)]
    alerts = [Put(orjson.dumps(one), key=one["id"].encode()) for one in (alert(1), silence(2, "bbc"))]
    sources = [Put(orjson.dumps(health(name)), key=name.encode()) for name in ("aa", "bb")]
    await produce(settings, channels.stories, stories)
    await produce(settings, channels.alerts, alerts)
    await produce(settings, channels.sources, sources)
    await produce(settings, channels.events, events)


async def test_the_api_does_what_its_document_says(settings: Settings, tmp_path: Path) -> None:
    await fill(settings)
    key, stored = keyring.make("test", ["admin"])
    keyring.save(tmp_path / "keys.json", [stored])
    unbound = settings.model_copy(update={"keys_file": tmp_path / "keys.json", "read_rate": 1e5, "push_rate": 1e5})
    async with gateway_on(unbound) as (gateway, client):
        await until_events(client, 60)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", str(CONFIGURATION), "run", f"{gateway.address}v1/openapi.json"),
            *("--checks", "all", "--exclude-path", "/v1/stream", "--header", f"Authorization: Bearer {key}"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--no-shrink"),
            *("--warnings", "off", "--no-color", "--generation-database", "none", "--seed", "1"),
            stdout=PIPE,
            stderr=STDOUT,
            cwd=tmp_path,
        )
        assert process.stdout is not None
        told = (await process.stdout.read()).decode()
        short = "\n".join(line[:300] for line in told.splitlines()[:120])
        assert await process.wait() == 0, short
        assert "Selected: 11/12" in told, short
