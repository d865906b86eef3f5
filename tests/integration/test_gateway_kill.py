"""The gateway is killed in the middle of a stream: every client resumes, nothing is lost and nothing comes twice."""

import argparse
from pathlib import Path

import pytest

from app.settings import Settings
from benchmarks.gateway.__main__ import measure

pytestmark = pytest.mark.integration


async def test_every_client_resumes_after_a_kill(settings: Settings, tmp_path: Path) -> None:
    options = argparse.Namespace(clients=40, rate=40.0, seconds=3.0, kill=True)
    figures = await measure(options, settings, tmp_path)
    assert (figures["clients"], figures["events a client"]) == (40, 200)
    assert (figures["missed"], figures["repeated"]) == (0, 0)
    assert figures["hellos"] == 80  # each came back once
    assert {name for name in figures if name.startswith(("gap", "dropped", "refused"))} == set()
