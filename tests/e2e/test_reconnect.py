"""The gateway is killed; the reader loses nothing and sees nothing twice."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from app.kafka.local_state import free_port
from app.settings import Settings
from tests.e2e.browsing import FAILED_REQUEST, in_state, keep, reading, shown_ids
from tests.e2e.records import current, put_events
from tests.gateway_tools import until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def gateway_process(settings: Settings, port: int) -> AsyncIterator[Process]:
    """`geonews gateway` on this port, ready; killed at the end if it still runs."""
    environment = os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "GEONEWS_NAMESPACE": settings.namespace,
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "gateway", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert b"geonews gateway: " in await process.stdout.readline()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}/") as client:
            await until_ready(client)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_gateway_costs_no_event_and_repeats_none(settings: Settings, browser: Browser) -> None:
    port = free_port(0)
    address = f"http://127.0.0.1:{port}/"
    expected = await put_events(settings, [current(number) for number in range(20)])
    async with (
        gateway_process(settings, port) as process,
        reading(browser, address, "/?topic=davos", allowed=FAILED_REQUEST) as page,
    ):
        await in_state(page, "connected")
        # Every insertion into the list is noted: one that comes twice would be seen even if it went again.
        await page.evaluate("""() => {
            window.added = [];
            new MutationObserver((changes) => {
                for (const {addedNodes} of changes)
                    for (const node of addedNodes)
                        if (node.dataset?.id) window.added.push(node.dataset.id);
            }).observe(document.querySelector("main"), {childList: true, subtree: true});
        }""")
        live = await put_events(settings, [current(number) for number in range(20, 40)])
        await expect(page.locator("main [data-id]")).to_have_count(40)
        process.kill()
        await in_state(page, "reconnecting")
        await expect(page.get_by_role("alert")).to_contain_text("Nothing is missed")
        await keep(page, "reconnecting")
        live += await put_events(settings, [current(number) for number in range(40, 70)])
        async with gateway_process(settings, port):
            await in_state(page, "connected")
            live += await put_events(settings, [current(number) for number in range(70, 90)])
            await expect(page.locator("main [data-id]")).to_have_count(90)
            assert sorted(await shown_ids(page)) == sorted(expected + live)
            assert sorted(await page.evaluate("window.added")) == sorted(live)
