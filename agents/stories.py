"""The `stories` agent: events, in any language, become stories. One partition, one order: a second worker stands by."""

import asyncio

from agents.lanes import LaneService
from app.delivery.agent import LaneAgent, stories_agent
from app.main import app, settings
from app.stories import concepts
from app.stories.embedding import embedder
from app.stories.path import Embed, no_embedding
from app.stories.similarity import shipped_model
from app.stories.vectors import background


def _load() -> Embed:
    """The encoder, where one ships; what the first article would wait for is read too."""
    concepts.load()
    background()
    shipped_model()
    return embedder(threads=settings.model_threads) if settings.story_embeddings else no_embedding


@app.service
class Stories(LaneService):
    """The lane on `geonews.story-input.v1`."""

    async def on_start(self) -> None:
        """Join the group, unless this worker is to leave stories to others."""
        if settings.stories:
            await super().on_start()

    async def make_agent(self) -> LaneAgent:
        """Load the model beside the event loop."""
        return stories_agent(settings, await asyncio.to_thread(_load))
