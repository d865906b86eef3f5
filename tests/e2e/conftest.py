"""One browser for all tests (each has a profile of its own in it), and a gateway on the session's Kafka."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from app.settings import Settings
from tests.e2e.browsing import chromium
from tests.gateway_tools import gateway_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def address(settings: Settings) -> AsyncIterator[str]:
    """Where a gateway in this process serves the page; its window has been read."""
    async with gateway_on(settings) as (gateway, _):
        yield gateway.address
