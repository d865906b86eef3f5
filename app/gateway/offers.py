"""Every operation of the API."""

from app.gateway.api import Api
from app.gateway.filters import (
    AlertsQuery,
    EventsQuery,
    FeedQuery,
    SourcesQuery,
    StatsQuery,
    StoriesQuery,
    StreamQuery,
)
from app.gateway.formats import MEDIA
from app.gateway.models import (
    Accepted,
    AlertsPage,
    ClientsAnswer,
    EventsPage,
    SourcesPage,
    Stats,
    StoriesPage,
    StoryDetail,
    TopicsAnswer,
)
from app.gateway.operations import ID, JSON, SLUG, Operation
from app.gateway.push import Push
from schemas.article import RawArticle
from schemas.event import EnrichedEvent

_TEXTS = dict.fromkeys(sorted(set(MEDIA.values()) - {JSON}))


def operations(api: Api, push: Push) -> list[Operation]:
    """All of them, as `GET /v1/openapi.json` lists them."""
    return [
        Operation(
            "listEvents",
            "/v1/events",
            api.events,
            "Events, newest first",
            "read",
            {JSON: EventsPage, **_TEXTS},
            query=EventsQuery,
            problems=(406,),
        ),
        Operation(
            "getEvent",
            "/v1/events/{id}",
            api.event,
            "One event",
            "read",
            {JSON: EnrichedEvent},
            parameters={"id": ID},
            problems=(404, 410),
        ),
        Operation(
            "streamEvents",
            "/v1/stream",
            api.stream,
            "Events, stories and alerts as they come, as server-sent events",
            "read",
            {"text/event-stream": None},
            query=StreamQuery,
            counted=False,
        ),
        Operation(
            "listStories",
            "/v1/stories",
            api.stories,
            "Stories, the latest news first",
            "read",
            {JSON: StoriesPage, **_TEXTS},
            query=StoriesQuery,
            problems=(406,),
        ),
        Operation(
            "getStory",
            "/v1/stories/{id}",
            api.story,
            "One story with all its articles",
            "read",
            {JSON: StoryDetail},
            parameters={"id": ID},
            problems=(404,),
        ),
        Operation(
            "listAlerts",
            "/v1/alerts",
            api.alerts,
            "Alerts, newest first",
            "read",
            {JSON: AlertsPage, **_TEXTS},
            query=AlertsQuery,
            problems=(406,),
        ),
        Operation(
            "listSources",
            "/v1/sources",
            api.sources,
            "Health of the sources, and how balanced they are",
            "read",
            {JSON: SourcesPage, **_TEXTS},
            query=SourcesQuery,
            problems=(406,),
        ),
        Operation(
            "getStats",
            "/v1/stats",
            api.stats,
            "Counts by minute, topic, country, language and publisher",
            "read",
            {JSON: Stats},
            query=StatsQuery,
        ),
        Operation("listTopics", "/v1/topics", api.list_topics, "The taxonomy's topics", "read", {JSON: TopicsAnswer}),
        Operation(
            "getFeed",
            "/v1/topics/{topic}/feed.atom",
            api.feed,
            "A topic's newest events as an Atom feed",
            "read",
            {"application/atom+xml": None},
            parameters={"topic": SLUG},
            query=FeedQuery,
            problems=(404,),
        ),
        Operation(
            "pushArticles",
            "/v1/articles",
            push.articles,
            "Take one article or many; all of a request, or none",
            "ingest",
            {JSON: Accepted},
            method="POST",
            success=202,
            problems=(400, 413, 415, 422),
            body={JSON: RawArticle, "application/x-ndjson": None},
        ),
        Operation(
            "listClients",
            "/v1/clients",
            api.clients,
            "Who is connected to the stream of this gateway",
            "admin",
            {JSON: ClientsAnswer},
        ),
    ]
