"""Every error that geonews raises on purpose.

    GeonewsError                 what the command line prints as one clear line
    ├── ConfigurationError       a setting or a file in config/ is wrong
    ├── KafkaUnavailable         no broker is configured, or none answers
    │   └── LocalKafkaError      the local broker could not be set up, started or stopped
    ├── TopicsDiffer             topics exist with other settings than ours
    ├── SourceError              a source of articles cannot be read
    │   └── FetchFailed          a fetch over HTTP failed: why, and when to try again
    ├── AuditImpossible          Kafka's state cannot be judged now
    ├── NoSuchLetter             there is no dead letter at that position
    ├── ReplayFailed             a replay was cut short; what it had sent stays sent
    ├── ReclassifyFailed         reclassification was cut short; what it had published stays published
    ├── WebhookError             a webhook did not take a message
    ├── StartFailed              a process of `geonews up` does not come up
    └── ClassifierDown           the classifier fails for everything: no record's fault

A record that cannot be processed raises `app.steps.rejected.Rejected` and becomes a dead letter; no command sees it.
"""


class GeonewsError(Exception):
    """Base of all; `str(error)` says what is wrong and what to do about it."""


class ConfigurationError(GeonewsError):
    """A setting or a configuration file is wrong."""


class KafkaUnavailable(GeonewsError):
    """No broker is configured, or none answers."""


def no_topic(name: str) -> KafkaUnavailable:
    """The error to raise where a topic of ours is missing."""
    return KafkaUnavailable(f"topic {name} does not exist: run `geonews topics create`")


class LocalKafkaError(KafkaUnavailable):
    """The local one-node Kafka could not be set up, started or stopped."""


class TopicsDiffer(GeonewsError):
    """Topics exist with other settings than the contract's."""


class SourceError(GeonewsError):
    """A source of articles (a file, a feed) cannot be read."""


class FetchFailed(SourceError):
    """A fetch over HTTP failed. `reason` is a slug for metrics, `retry_after` what the server asked for, in seconds."""

    def __init__(self, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after


class AuditImpossible(GeonewsError):
    """Kafka's state cannot be judged now, such as while a transaction stays open."""


class NoSuchLetter(GeonewsError):
    """There is no dead letter at that position."""


class ReplayFailed(GeonewsError):
    """A replay was cut short; what it had sent stays sent, once."""


class ReclassifyFailed(GeonewsError):
    """Reclassification was cut short; what it had published stays published, once."""


class WebhookError(GeonewsError):
    """A webhook did not take a message. `retry_after`: what it asked for, in seconds; `gone`: it wants no more."""

    def __init__(self, message: str, retry_after: float | None = None, *, gone: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.gone = gone


class StartFailed(GeonewsError):
    """A process that `geonews up` looks after does not come up."""


class ClassifierDown(GeonewsError):
    """The classifier fails for everything, a known-good article included."""
