"""Every error that geonews raises on purpose.

    GeonewsError                 what the command line prints as one clear line
    ├── ConfigurationError       a setting or a file in config/ is wrong
    ├── KafkaUnavailable         no broker is configured, or none answers
    │   └── LocalKafkaError      the local broker could not be set up, started or stopped
    ├── TopicsDiffer             topics exist with other settings than ours
    └── ClassifierDown           the classifier fails for everything: no record's fault

A record that cannot be processed raises `app.steps.rejected.Rejected` and becomes a dead letter; no command sees it.
"""


class GeonewsError(Exception):
    """Base of all; `str(error)` says what is wrong and what to do about it."""


class ConfigurationError(GeonewsError):
    """A setting or a configuration file is wrong."""


class KafkaUnavailable(GeonewsError):
    """No broker is configured, or none answers."""


class LocalKafkaError(KafkaUnavailable):
    """The local one-node Kafka could not be set up, started or stopped."""


class TopicsDiffer(GeonewsError):
    """Topics exist with other settings than the contract's."""


class ClassifierDown(GeonewsError):
    """The classifier fails for everything, a known-good article included."""
