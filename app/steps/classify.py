"""classify: which topics do these articles belong to?"""

from collections.abc import Sequence

from app.classification.base import Classifier, Document, Verdict
from app.steps.records import Article

# Any classifier must be able to answer for this one; whether it can tells a broken classifier from a poisoned record.
CANARY = Document(
    title="Two governments sign a trade agreement",
    summary="",
    text="Ministers signed the agreement on Monday. It lowers tariffs on cars and grain between the two countries.",
    language="en",
)


def classify(articles: Sequence[Article], classifier: Classifier) -> list[Verdict]:
    """One verdict for each article, in order, with the accepted topics only. Raises what the classifier raises."""
    if not articles:
        return []
    verdicts = classifier.classify([article.document for article in articles])
    if len(verdicts) != len(articles):
        raise RuntimeError(f"the classifier answered {len(verdicts)} times for {len(articles)} articles")
    return [Verdict(tuple(topic for topic in verdict.topics if topic.accepted), verdict.stage) for verdict in verdicts]


def is_classifier_up(classifier: Classifier) -> bool:
    """Whether the classifier answers for a known-good article."""
    try:
        return len(classifier.classify([CANARY])) == 1
    except Exception:  # whatever it raises: it is down
        return False
