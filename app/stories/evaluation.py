"""How well stories agree with labelled articles: B-cubed over articles that nothing was tuned on."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from app.classification.base import Classifier
from app.steps.dedupe import Version
from app.steps.enrich import enrich
from app.steps.records import Inbound
from app.steps.story_input import Item, article_item
from app.steps.validate import validate
from app.stories.article import Article
from app.stories.cluster import Clusters, Rules
from app.stories.path import Embed, read
from app.stories.similarity import Model

T = TypeVar("T")
_PROCESSING: Final = timedelta(minutes=10)
_FIRST: Final = datetime(2026, 1, 5, tzinfo=UTC)
_HOURS: Final = 24 * 34


@dataclass(frozen=True, slots=True)
class Labelled:
    """An article as the story input has it, and the happening that it is about."""

    happening: str
    item: Item

    @property
    def is_held_out(self) -> bool:
        """Whether nothing may be tuned on it: fixed, by a hash of the happening's name."""
        return zlib.crc32(self.happening.encode()) % 2 == 0


@dataclass(frozen=True, slots=True)
class Scores:
    """B-cubed precision and recall, averaged over articles."""

    articles: int
    happenings: int
    stories: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def load(path: Path, classifier: Classifier) -> list[Labelled]:
    """Labelled articles, enriched as live ones are.

    Raises OSError, or ValueError with the line that is wrong.
    """

    def labelled(number: int, row: dict[str, Any]) -> Labelled:
        return Labelled(row.pop("story"), _item(row, number, classifier))

    return list(_each_line(path, labelled))


def unrelated(path: Path, classifier: Classifier) -> list[Labelled]:
    """Other relevant articles, each a happening that nobody has named, spread over the weeks of the labelled ones.

    Raises OSError, or ValueError with the line that is wrong.
    """

    def unnamed(number: int, row: dict[str, Any]) -> Labelled | None:
        if not row["labels"]:
            return None
        hours = zlib.crc32(row["id"].encode()) % _HOURS
        at = (_FIRST + timedelta(hours=hours)).isoformat()
        fields = {"language": row["lang"], "title": row["title"], "text": row["text"], "published_at": at}
        return Labelled("", _item(fields, 100_000 + number, classifier))

    return [one for one in _each_line(path, unnamed) if one is not None]


def _each_line(path: Path, make: Callable[[int, dict[str, Any]], T]) -> Iterator[T]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield make(number, orjson.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: {error!r}") from error


def _item(row: dict[str, str], number: int, classifier: Classifier) -> Item:
    raw = row | {"url": f"https://{row['language']}{number % 7}.stories.example/{number}"}
    record = Inbound("labelled", 0, number, 0, None, orjson.dumps(raw))
    article = validate(record)
    verdict = classifier.classify([article.document])[0]
    now = datetime.fromisoformat(row["published_at"]).astimezone(UTC) + _PROCESSING
    return article_item(enrich(article, verdict, Version(1, None), record, classifier.info, now))


def cluster(
    labelled: Iterable[Labelled], model: Model, rules: Rules, embed: Embed
) -> Iterator[tuple[Labelled, Article]]:
    """Each article once all are in, in the order of publication; `article.story` is the story that it ended in."""
    clusters = Clusters(model, rules)
    placed = []
    for one in sorted(labelled, key=lambda one: (one.item["published_at"], one.item["id"])):
        article = read(one.item, clusters, embed)
        clusters.take_in(clusters.plan(article))
        placed.append((one, article))
    yield from placed


def b_cubed(pairs: Sequence[tuple[str, str]], counted: Sequence[bool]) -> Scores:
    """Scores of (happening, story) of every article; averaged over those that are `counted`, none of them unnamed."""
    happenings = Counter(happening for happening, _ in pairs if happening)
    stories = Counter(story for _, story in pairs)
    both = Counter(pairs)
    chosen = [pair for pair, counts in zip(pairs, counted, strict=True) if counts]
    precision = sum(both[pair] / stories[pair[1]] for pair in chosen)
    recall = sum(both[pair] / happenings[pair[0]] for pair in chosen)
    count = len(chosen) or 1
    distinct = [len({pair[at] for pair in chosen}) for at in (0, 1)]
    return Scores(len(chosen), distinct[0], distinct[1], precision / count, recall / count)


def mistakes(pairs: Iterable[tuple[Labelled, Article]]) -> Iterator[tuple[str, list[str]]]:
    """(happening, what is wrong) for each that is in several stories or shares its story with another."""
    of: dict[str, Counter[str]] = defaultdict(Counter)
    within: dict[str, Counter[str]] = defaultdict(Counter)
    for one, article in pairs:
        if one.happening:
            of[one.happening][article.story] += 1
        within[article.story][one.happening] += 1
    for happening, stories in sorted(of.items()):
        wrong = [f"in {len(stories)} stories: {'+'.join(map(str, sorted(stories.values(), reverse=True)))}"]
        wrong = wrong if len(stories) > 1 else []
        for story in stories:
            wrong += [
                f"with {count} of {other or 'unrelated'}"
                for other, count in within[story].items()
                if other != happening
            ]
        if wrong:
            yield happening, wrong
