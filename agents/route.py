"""The `route` agent: candidates are de-duplicated by content and published to the event channels."""

from agents.lanes import LaneService
from app.delivery.agent import LaneAgent, route_agent
from app.main import app, settings


@app.service
class Route(LaneService):
    """Lanes on `geonews.candidates.v1`."""

    async def make_agent(self) -> LaneAgent:
        """Routing needs nothing but the settings."""
        return route_agent(settings)
