"""A process that runs the lane of stories and alerts, without an encoder: `python -m tests.faults.story_worker`."""

import asyncio
from dataclasses import replace

from app.delivery.agent import stories_agent
from app.delivery.watchdog import Watchdog
from app.delivery.worker import LaneWorker
from app.health import Health
from app.settings import Settings
from app.stories.path import no_embedding
from tests.alert_tools import new_path

_BATCH_BYTES = 20_000  # one record or so: many transactions to be killed in


async def main() -> None:
    """Serve until killed."""
    settings = Settings()
    agent = replace(
        stories_agent(settings, no_embedding),
        new_path=lambda _partitions: new_path(settings.channels),
        batch_bytes=_BATCH_BYTES,
    )
    await LaneWorker(agent, settings, Health(), Watchdog(60)).run()


if __name__ == "__main__":
    asyncio.run(main())
