"""The process that polls sources, and what it and its like have reported."""

import asyncio
import signal
from datetime import datetime, timedelta

from aiokafka import TopicPartition
from prometheus_client import start_http_server
from pydantic import ValidationError

from app.errors import no_topic
from app.health import Health
from app.kafka.admin import topic_states
from app.settings import Settings
from app.sources.catalogue import Catalogue
from app.sources.http import HttpClient
from app.sources.parser import FeedParser
from app.sources.shard_store import read_latest
from app.sources.worker import SourceWorker
from schemas.source_health import SourceHealth

_OVERDUE = timedelta(minutes=10)


async def serve_until_signal(settings: Settings, catalogue: Catalogue, metrics_port: int) -> None:
    """Poll until SIGINT or SIGTERM; what was fetched is committed before the end."""
    server, _ = start_http_server(metrics_port, addr=settings.web_host)
    address = f"http://{settings.web_host}:{server.server_port}/metrics"
    print(f"polling {len(catalogue.sources)} sources; metrics at {address}", flush=True)  # noqa: T201 - names the port
    async with HttpClient(settings) as http, FeedParser() as parser:
        worker = SourceWorker(catalogue, settings, http, parser, Health())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        await worker.run()
    server.shutdown()


async def read_health(settings: Settings) -> list[SourceHealth]:
    """The latest report on each source, by id. Raises KafkaUnavailable when no broker answers or nothing is there."""
    topic = settings.channels.sources
    state = (await topic_states(settings, [topic])).get(topic)
    if state is None:
        raise no_topic(topic)
    values = await read_latest(settings, [TopicPartition(topic, number) for number in range(state.partitions)])
    reports = []
    for value in values.values():
        try:
            reports.append(SourceHealth.model_validate_json(value))
        except ValidationError:
            continue  # of a newer geonews, or of somebody else
    return sorted(reports, key=lambda report: report.id)


def is_overdue(report: SourceHealth, now: datetime) -> bool:
    """Whether a source should have been polled long ago: then nobody polls it."""
    return report.next_poll is not None and now - report.next_poll > _OVERDUE
