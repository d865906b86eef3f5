"""The taxonomy's topics as readers see them."""

from dataclasses import dataclass

from app.classification.taxonomy import TaxonomyError, load_taxonomy
from app.errors import ConfigurationError
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """One topic that articles are classified by."""

    id: str
    name: str
    description: str


def topics_of(settings: Settings) -> list[TopicInfo]:
    """The topics of the configured taxonomy, in its order. Raises ConfigurationError when it cannot be read."""
    try:
        taxonomy = load_taxonomy(settings.taxonomy)
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from None
    return [TopicInfo(topic.id, topic.name, " ".join(topic.description.split())) for topic in taxonomy.topics]
