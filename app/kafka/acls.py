"""What each process of geonews must be allowed to do on a broker with ACLs, and nothing more.

Follows from the channels: who reads, writes or makes what. `*` hosts; one user (principal) for each kind of process.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote
from typing import Final, Literal

from app.settings import Settings

Resource = Literal["topic", "group", "transactional-id"]
Pattern = Literal["literal", "prefixed"]
READ: Final = ("Read", "Describe")
WRITE: Final = ("Write", "Describe")


class Process(StrEnum):
    """A kind of process, each of which should have a user of its own."""

    WORKER = "worker"
    SOURCES = "sources"
    GATEWAY = "gateway"
    INGEST = "ingest"
    ADMIN = "admin"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Acl:
    """Operations that one user may do on one resource."""

    resource: Resource
    name: str
    pattern: Pattern
    operations: tuple[str, ...]


def acls(process: Process, settings: Settings, topics: Sequence[str]) -> list[Acl]:
    """The least that `process` needs, for a taxonomy with these topics."""
    return list(_MAKERS[process](settings, topics))


def commands(process: Process, rules: Iterable[Acl], user: str, bootstrap: str) -> list[str]:
    """A comment, then `kafka-acls.sh` command lines; running them again changes nothing."""
    alike: dict[tuple[Resource, Pattern, tuple[str, ...]], list[str]] = {}
    for rule in rules:
        names = alike.setdefault((rule.resource, rule.pattern, rule.operations), [])
        if rule.name not in names:
            names.append(rule.name)
    start = f"kafka-acls.sh --bootstrap-server {bootstrap} --add --allow-principal {quote(f'User:{user}')}"
    lines = [f"# {process.value}: {_ABOUT[process]}"]
    for (resource, pattern, operations), names in alike.items():
        words = [f"--operation {operation}" for operation in operations]
        words += [f"--{resource} {quote(name)}" for name in names]
        words += ["--resource-pattern-type prefixed"] if pattern == "prefixed" else []
        lines.append(f"{start} {' '.join(words)}")
    return lines


def _worker(settings: Settings, topics: Sequence[str]) -> Iterator[Acl]:
    yield from _sources(settings, topics)
    channels = settings.channels
    internal = [channels.candidates, channels.seen, channels.claims, channels.story_input]
    internal += [channels.story_state, channels.alert_state, channels.alerts]
    yield from _on_topics([channels.raw, *internal], (*READ, "Write"))
    published = [channels.events, *(channels.events_of(topic) for topic in topics), channels.stories]
    yield from _on_topics([*published, channels.dead_letters, channels.ledger], WRITE)
    yield Acl("group", f"{settings.namespace}-webhooks-", "prefixed", READ)
    for agent in ("classify", "route", "stories"):
        yield from _lane(f"{settings.namespace}-{agent}")


def _sources(settings: Settings, _topics: Sequence[str]) -> Iterator[Acl]:
    """`geonews sources run`, which workers do too with GEONEWS_POLL_SOURCES."""
    channels = settings.channels
    yield from _on_topics([channels.source_state], (*READ, "Write"))
    yield from _on_topics([channels.sources, channels.alerts], WRITE)
    yield from _on_topics([channels.raw], WRITE)
    yield from _lane(f"{settings.namespace}-sources")


def _gateway(settings: Settings, topics: Sequence[str]) -> Iterator[Acl]:
    """Reads without a group; writes only what is pushed to it."""
    channels = settings.channels
    read = [channels.events, *(channels.events_of(topic) for topic in topics)]
    yield from _on_topics([*read, channels.stories, channels.alerts, channels.sources], READ)
    yield from _on_topics([channels.raw], WRITE)


def _ingest(settings: Settings, _topics: Sequence[str]) -> Iterator[Acl]:
    yield from _on_topics([settings.channels.raw], WRITE)


def _admin(settings: Settings, _topics: Sequence[str]) -> Iterator[Acl]:
    """`geonews topics`, `audit`, `dead-letters`, `replay` and `reclassify`."""
    prefix = f"{settings.namespace}."
    yield Acl("topic", prefix, "prefixed", ("Create", "Read", "Write", "Describe", "DescribeConfigs"))
    yield Acl("group", f"{settings.namespace}-", "prefixed", ("Describe", "Read"))
    for command in ("replay", "reclassify"):
        yield Acl("transactional-id", f"{settings.namespace}-{command}", "literal", WRITE)


def _reader(settings: Settings, topics: Sequence[str]) -> Iterator[Acl]:
    """A subscriber of your own; its groups begin with `reader-`."""
    channels = settings.channels
    read = [channels.events, *(channels.events_of(topic) for topic in topics)]
    yield from _on_topics([*read, channels.stories, channels.alerts, channels.sources], READ)
    yield Acl("group", "reader-", "prefixed", ("Read",))


def _on_topics(names: Iterable[str], operations: tuple[str, ...]) -> Iterator[Acl]:
    return (Acl("topic", name, "literal", operations) for name in names)


def _lane(group: str) -> Iterator[Acl]:
    yield Acl("group", group, "literal", ("Read", "Describe"))
    # A lane's id is its group, its input topic and its partition.
    yield Acl("transactional-id", f"{group}-", "prefixed", WRITE)


_MAKERS: Final[dict[Process, Callable[[Settings, Sequence[str]], Iterator[Acl]]]] = {
    Process.WORKER: _worker,
    Process.SOURCES: _sources,
    Process.GATEWAY: _gateway,
    Process.INGEST: _ingest,
    Process.ADMIN: _admin,
    Process.READER: _reader,
}
_ABOUT: Final[dict[Process, str]] = {
    Process.WORKER: "`geonews worker`, also with GEONEWS_POLL_SOURCES",
    Process.SOURCES: "`geonews sources run` in a process of its own",
    Process.GATEWAY: "`geonews gateway`; it writes only what is pushed to it",
    Process.INGEST: "`geonews ingest ...`",
    Process.ADMIN: "`geonews topics`, `audit`, `dead-letters`, `replay` and `reclassify`",
    Process.READER: "a subscriber of your own",
}
