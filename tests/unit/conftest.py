"""Fixtures of the unit tests: a server on this machine, and the client that may reach it."""

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from app.sources.http import HttpClient
from tests.feed_server import FeedServer


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(Settings(_env_file=None, fetch_private=True)) as client:
        yield client
