"""What `geonews config check` looks at: each check is a name and a call that raises when something is wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiokafka.errors import KafkaError

from app.classification.registry import build_classifier
from app.classification.taxonomy import Taxonomy, load_taxonomy
from app.errors import ConfigurationError, GeonewsError, TopicsDiffer
from app.kafka.admin import differences, topic_states
from app.kafka.client import bootstrap_servers
from app.settings import Settings
from app.steps.classify import is_classifier_up

Check = tuple[str, Callable[[], Awaitable[object]]]
_SECONDS = 30.0


def checks(settings: Settings, *, offline: bool = False) -> list[Check]:
    """All checks, those first on which others depend. The settings themselves were checked when they were read."""
    found: list[Check] = [
        ("settings", _nothing),
        ("taxonomy", lambda: asyncio.to_thread(load_taxonomy, settings.taxonomy)),
        ("sources", lambda: asyncio.to_thread(_catalogue, settings)),
        (f"classifier {settings.classifier}", lambda: asyncio.to_thread(_classifier, settings)),
    ]
    if not offline:
        found.append(("Kafka and its topics", lambda: _topics(settings)))
    return found


async def run_checks(found: Sequence[Check]) -> AsyncIterator[tuple[str, str | None]]:
    """Each check's name, with None when all is well, else what is wrong."""
    for name, check in found:
        try:
            async with asyncio.timeout(_SECONDS):
                await check()
        except TimeoutError:
            yield name, f"no answer within {_SECONDS:.0f} s"
        except (GeonewsError, KafkaError, OSError, ValueError) as error:
            yield name, str(error) or type(error).__name__
        else:
            yield name, None


async def _nothing() -> None:
    return


def _catalogue(settings: Settings) -> None:
    from app.sources.catalogue import load_catalogue

    load_catalogue(settings.sources)


def _classifier(settings: Settings) -> None:
    taxonomy: Taxonomy = load_taxonomy(settings.taxonomy)
    for name in filter(None, (settings.classifier, settings.shadow_classifier)):
        if not is_classifier_up(build_classifier(name, taxonomy, settings.model_threads)):
            raise ConfigurationError(f"{name} is loaded and answers for nothing: try `geonews classify` for its error")


async def _topics(settings: Settings) -> None:
    channels = settings.channels.all(load_taxonomy(settings.taxonomy).topic_ids)
    states = await topic_states(settings, [channel.name for channel in channels])
    if missing := [channel.name for channel in channels if channel.name not in states]:
        raise TopicsDiffer(
            f"{len(missing)} topics are missing at {bootstrap_servers(settings)}, such as {missing[0]}: run "
            "`geonews topics create`"
        )
    if differing := differences(channels, states, settings):
        first = differing[0]
        raise TopicsDiffer(
            f"{len(differing)} settings of topics differ from the contract, such as {first.what} of {first.topic} "
            f"({first.found} instead of {first.wanted}): `geonews topics describe` shows them"
        )
