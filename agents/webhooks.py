"""The `webhooks` agent: sends alerts to the receivers that GEONEWS_WEBHOOKS names."""

import asyncio
from typing import Any

import mode

from app.main import app, health, settings
from app.webhooks.config import load_webhooks
from app.webhooks.delivery import Delivery
from app.webhooks.sender import Sender


@app.service
class Webhooks(mode.Service):
    """One delivery for each webhook; workers share the partitions of the alerts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._deliveries: list[Delivery] = []
        self._running: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        """Start them. Raises ConfigurationError for a file that cannot be used."""
        if settings.webhooks:
            found = load_webhooks(settings.webhooks, allow_private=settings.webhook_private)
            self._running = asyncio.create_task(self._run(found), name="webhooks")

    async def _run(self, found: list[Any]) -> None:
        async with Sender(settings) as sender, asyncio.TaskGroup() as group:
            for webhook in found:
                delivery = Delivery(webhook, settings, health, sender)
                self._deliveries.append(delivery)
                group.create_task(delivery.run(), name=f"webhook {webhook.name}")

    async def on_stop(self) -> None:
        """End after the attempts under way; what is not delivered yet is offered again after a restart."""
        for delivery in self._deliveries:
            delivery.stop()
        if self._running is not None:
            _, late = await asyncio.wait([self._running], timeout=settings.shutdown_seconds)
            for task in late:
                task.cancel()
