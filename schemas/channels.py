"""Every Kafka topic of geonews: its name, key, value and settings. The output channels follow from the taxonomy."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

DAY_MS: Final = 24 * 60 * 60 * 1000
MIB: Final = 1024 * 1024
# Raw accepts more than the 1 MiB that an article may have: an oversized one then ends as a dead letter that its
# producer can find, not as an error that only the producer sees. Dead letters need room for their headers on top.
RAW_MESSAGE_BYTES: Final = 12 * MIB
LETTER_MESSAGE_BYTES: Final = 13 * MIB
STATE_MESSAGE_BYTES: Final = 2 * MIB


@dataclass(frozen=True, slots=True)
class Channel:
    """One Kafka topic. `config` holds broker settings by their Kafka names, values as Kafka prints them."""

    name: str
    key: str
    value: str
    description: str
    config: dict[str, str] = field(default_factory=dict)
    follows_raw: bool = False  # must have exactly as many partitions as raw: a lane owns the same number in each
    partitions: int | None = None  # where it must be a certain number, whatever GEONEWS_PARTITIONS says
    public: bool = True


@dataclass(frozen=True, slots=True)
class Channels:
    """Topic names under one namespace (`geonews` in production, a random one in tests)."""

    namespace: str = "geonews"

    def _named(self, what: str) -> str:
        return f"{self.namespace}.{what}.v1"

    @property
    def raw(self) -> str:
        return self._named("raw")

    @property
    def candidates(self) -> str:
        return self._named("candidates")

    @property
    def events(self) -> str:
        return self._named("events")

    def events_of(self, topic: str) -> str:
        """The channel of one topic of the taxonomy, such as `geonews.events.trade-deals.v1`."""
        return self._named(f"events.{topic}")

    @property
    def dead_letters(self) -> str:
        return self._named("dead-letters")

    @property
    def seen(self) -> str:
        return self._named("seen")

    @property
    def claims(self) -> str:
        return self._named("claims")

    @property
    def ledger(self) -> str:
        return self._named("ledger")

    @property
    def replays(self) -> str:
        return self._named("replays")

    @property
    def story_input(self) -> str:
        return self._named("story-input")

    @property
    def story_state(self) -> str:
        return self._named("story-state")

    @property
    def alert_state(self) -> str:
        return self._named("alert-state")

    @property
    def stories(self) -> str:
        return self._named("stories")

    @property
    def alerts(self) -> str:
        return self._named("alerts")

    @property
    def sources(self) -> str:
        return self._named("sources")

    @property
    def source_state(self) -> str:
        return self._named("source-state")

    def all(self, topics: Iterable[str], *, state_window_ms: int = 3 * DAY_MS) -> list[Channel]:
        """Every channel for a taxonomy with these topics, inputs first."""
        event_config = _deleted_after(30 * DAY_MS)
        raw_config = _deleted_after(7 * DAY_MS) | {"max.message.bytes": str(RAW_MESSAGE_BYTES)}
        letter_config = _deleted_after(30 * DAY_MS) | {"max.message.bytes": str(LETTER_MESSAGE_BYTES)}
        # A packed state record holds the fingerprints of a whole transaction and has a key of its own, so compaction
        # would only rewrite bytes: time alone retires it.
        state_config = _deleted_after(state_window_ms)
        return [
            Channel(self.raw, "article id (any key is accepted)", "RawArticle", "articles as fetched", raw_config),
            Channel(
                self.candidates,
                "content partition",
                "packed EnrichedEvents",
                "relevant articles on their way to the publish lanes",
                _deleted_after(7 * DAY_MS),
                follows_raw=True,
                public=False,
            ),
            Channel(self.events, "article id", "EnrichedEvent", "each relevant article once", event_config),
            *(
                Channel(
                    self.events_of(topic),
                    "article id",
                    "EnrichedEvent",
                    f"the events that belong to {topic}",
                    event_config,
                )
                for topic in topics
            ),
            Channel(
                self.dead_letters,
                "the original key",
                "the original bytes",
                "records that could not be processed",
                letter_config,
            ),
            Channel(
                self.seen,
                "input position",
                "packed fingerprints",
                "which URLs and texts the classify lanes have seen",
                state_config,
                follows_raw=True,
                public=False,
            ),
            Channel(
                self.claims,
                "input position",
                "packed fingerprints",
                "which texts the publish lanes have published",
                state_config,
                follows_raw=True,
                public=False,
            ),
            Channel(
                self.ledger,
                "input topic-partition",
                "LedgerRecord",
                "one record a transaction: what came in, what became of it",
                _deleted_after(7 * DAY_MS),
            ),
            Channel(
                self.replays,
                "position of a dead letter",
                "nothing",
                "dead letters that were sent back, each committed together with its record",
                event_config,  # as long as the dead letters themselves
                public=False,
            ),
            Channel(
                self.story_input,
                "nothing",
                "packed events and withdrawals",
                "what stories and alerts are made from, all of it in one order",
                _deleted_after(7 * DAY_MS),
                partitions=1,
                public=False,
            ),
            Channel(
                self.story_state,
                "article or story id",
                "packed article",
                "which story each recent article belongs to",
                _COMPACTED | {"segment.ms": str(DAY_MS // 24), "max.message.bytes": str(STATE_MESSAGE_BYTES)},
                partitions=1,
                public=False,
            ),
            Channel(
                self.alert_state,
                "subject",
                "what is usual and what is now",
                "what the alerts lane has learned of each topic, country and story",
                _COMPACTED | {"segment.ms": str(DAY_MS // 24), "max.message.bytes": str(STATE_MESSAGE_BYTES)},
                partitions=1,
                public=False,
            ),
            Channel(self.stories, "story id", "Story", "stories and their articles", _COMPACTED),
            Channel(self.alerts, "alert id", "Alert", "bursts, and sources that fell silent", event_config),
            Channel(self.sources, "source id", "SourceHealth", "health of each source", _COMPACTED),
            Channel(
                self.source_state,
                "source id",
                "SourceState",
                "what is remembered of each source; its partitions are the shards that workers share",
                _COMPACTED | {"max.message.bytes": str(STATE_MESSAGE_BYTES)},
                public=False,
            ),
        ]


def _deleted_after(retention_ms: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}


_COMPACTED: Final = {"cleanup.policy": "compact"}
