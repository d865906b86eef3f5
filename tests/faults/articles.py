"""Articles for the fault suite: seeded, so that a failure can be played again, and judged without any delivery.

What must come out is computed by the pure steps alone. An event is expected for each distinct text that is relevant:
whichever of its addresses comes first gives the event its id, so an expectation is a set of ids of which exactly one
must appear.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from app.classification.base import Classifier
from app.steps.classify import classify
from app.steps.identity import home_partition
from app.steps.records import Article, Inbound
from app.steps.rejected import Rejected
from app.steps.validate import validate
from tests.kafka_tools import Put

_COUNTRIES: Final = ("Canada", "South Korea", "Peru", "Chile", "Kenya", "Ghana", "Vietnam", "Indonesia", "Norway")
_GOODS: Final = (
    "copper",
    "lithium",
    "cars",
    "wheat",
    "beef",
    "solar-panels",
    "steel",
    "textiles",
    "coffee",
    "timber",
    "fish",
    "microchips",
)
_TOWNS: Final = ("Kharkiv", "Odesa", "Kherson", "Zaporizhzhia", "Dnipro", "Sumy", "Mykolaiv", "Pokrovsk")
_SPORTS: Final = ("handball", "chess", "rowing", "curling", "judo", "fencing", "sailing", "archery")
_INVALID: Final[tuple[bytes, ...]] = (
    b"",
    b"not json at all",
    b"\xff\xfe\x00 not UTF-8",
    b'["an", "array"]',
    b'{"url": "https://news.example/no-text"}',
    b'{"url": "javascript:alert(1)", "title": "No address that a browser could open"}',
    b'{"title": "An article without an address"}',
)


def _trade(rng: random.Random, number: int) -> tuple[str, str]:
    one, other = rng.sample(_COUNTRIES, 2)
    good = rng.choice(_GOODS)
    return (
        f"{one} and {other} sign a free trade agreement on {good}",
        f"The two governments signed trade agreement number {number}. It lowers tariffs on {good} from {one} and opens "
        f"the market of {other} to exporters within {rng.randint(2, 9)} years, both ministers said.",
    )


def _war(rng: random.Random, number: int) -> tuple[str, str]:
    town = rng.choice(_TOWNS)
    return (
        f"Russian missiles hit {town} as the war in Ukraine goes on",
        f"Ukrainian officials counted {number} drones and missiles over {town} since the Russian invasion began; "
        f"{rng.randint(2, 40)} people were hurt in the shelling of the night.",
    )


def _davos(rng: random.Random, number: int) -> tuple[str, str]:
    one, other = rng.sample(_COUNTRIES, 2)
    return (
        f"{one} and {other} announce a trade agreement in Davos",
        f"At the World Economic Forum in Davos the two heads of government presented deal number {number}; the war in "
        f"Ukraine and {rng.randint(2, 40)} other items were on the agenda of the annual meeting.",
    )


def _sport(rng: random.Random, number: int) -> tuple[str, str]:
    sport = rng.choice(_SPORTS)
    return (
        f"Local club wins its {sport} match number {number}",
        f"The crowd of {rng.randint(100, 900)} people saw a quiet evening of {sport}; the coach praised his players "
        f"and said that the {number}th season would be their best so far.",
    )


@dataclass(slots=True)
class Batch:
    """Raw records, each on the partition that it names, and how many of them were meant to be what."""

    records: list[Put] = field(default_factory=list)
    invalid: int = 0
    duplicates: int = 0

    def __iadd__(self, other: "Batch") -> "Batch":
        self.records += other.records
        self.invalid += other.invalid
        self.duplicates += other.duplicates
        return self


class Generator:
    """An endless source of articles: about a fifth irrelevant, `duplicates` and `invalid` as shares of all records."""

    def __init__(self, seed: int, partitions: int, *, duplicates: float = 0.10, invalid: float = 0.05) -> None:
        self._rng = random.Random(seed)
        self._seed = seed
        self._partitions = partitions
        self._duplicates, self._invalid = duplicates, invalid
        self._number = 0
        self._recent: list[dict[str, Any]] = []

    def batch(self, count: int) -> Batch:
        """The next `count` records; duplicates repeat articles of earlier batches too."""
        batch = Batch()
        for _ in range(count):
            kind = self._rng.random()
            if kind < self._invalid:
                value, batch.invalid = self._rng.choice(_INVALID), batch.invalid + 1
            elif kind < self._invalid + self._duplicates and self._recent:
                value, batch.duplicates = orjson.dumps(self._again()), batch.duplicates + 1
            else:
                value = orjson.dumps(self._article())
            batch.records.append(Put(value, partition=self._rng.randrange(self._partitions)))
        return batch

    def _article(self) -> dict[str, Any]:
        rng, self._number = self._rng, self._number + 1
        title, text = rng.choices((_trade, _war, _davos, _sport), (4, 3, 1, 2))[0](rng, self._number)
        article = {
            "url": f"https://www.news{self._number % 50}.example/{self._seed}/{self._number}.html",
            "title": title,
            "text": text,
            "published_at": "2026-01-01T12:00:00Z",
        }
        if len(self._recent) < 2000:
            self._recent.append(article)
        else:
            self._recent[rng.randrange(2000)] = article
        return article

    def _again(self) -> dict[str, Any]:
        """A copy of an earlier article: the same page under another form of its address, or its text elsewhere."""
        article = self._rng.choice(self._recent)
        url: str = article["url"]
        forms = (
            url + "?utm_source=newsletter&utm_medium=email",
            url.replace("https://www.", "http://m."),
            url.replace("https://www.", "https://") + "#comments",
            url.replace(".example/", f"-copy{self._rng.randrange(5)}.example/syndicated/"),
        )
        return article | {"url": self._rng.choice(forms)}


@dataclass(slots=True)
class Expected:
    """What a set of raw records must lead to, whatever happens to workers and brokers meanwhile.

    `groups` has, for each relevant text, the ids that its event may have; `topics` the text's topics; `invalid` the
    values that must be dead letters, in no order; `url_duplicates` how many records repeat a page and its text,
    `rekeyed` how many lie on another partition than their URL's own.
    """

    groups: dict[bytes, set[str]] = field(default_factory=dict)
    topics: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    invalid: list[bytes] = field(default_factory=list)
    url_duplicates: int = 0
    rekeyed: int = 0
    records: int = 0
    text_of: dict[str, bytes] = field(default_factory=dict)


def expect(records: Iterable[Put], classifier: Classifier, partitions: int) -> Expected:
    """Judge every record by itself, with the pure steps and no delivery."""
    expected = Expected()
    pages: dict[bytes, Article] = {}
    for put in records:
        expected.records += 1
        try:
            article = validate(Inbound("raw", put.partition or 0, 0, 0, put.key, put.value))
        except Rejected:
            expected.invalid.append(put.value or b"")
            continue
        expected.rekeyed += home_partition(article.url_key, partitions) != put.partition
        if article.url_key in pages:
            assert pages[article.url_key].content_key == article.content_key, "the generator makes no updates"
            expected.url_duplicates += 1
        pages[article.url_key] = article
    for article, topics in _judged(list(pages.values()), classifier):
        if topics:
            expected.groups.setdefault(article.content_key, set()).add(article.id)
            expected.topics[article.content_key] = topics
            expected.text_of[article.id] = article.content_key
    return expected


def _judged(articles: list[Article], classifier: Classifier) -> Iterator[tuple[Article, tuple[str, ...]]]:
    for at in range(0, len(articles), 500):
        chunk = articles[at : at + 500]
        for article, verdict in zip(chunk, classify(chunk, classifier), strict=True):
            yield article, tuple(sorted(topic.topic for topic in verdict.topics))
