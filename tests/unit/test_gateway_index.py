"""The index answers as the stream does, and holds what stands: the newest version of each record, and no more."""

import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import MultiDict

from app.gateway.filters import AlertsQuery, EventsQuery, StoriesQuery
from app.gateway.index import Index, tables
from app.gateway.item import Item, decode_any
from app.gateway.stats import statistics
from tests.gateway_tools import alert, event, silence, story

TOPICS = ["trade-deals", "ukraine-war", "davos"]
NOW_MS = int(time.time() * 1000)
TITLES = (
    "Gipfel in Zürich",
    "乌克兰停火谈判",
    "وقف إطلاق النار في أوكرانيا",
    "停戦",
    'a "quoted" NEAR(x)',
    "Зеленский",
    "ab\0cd",
)
WORDS: tuple[str, ...] = (
    "zurich",
    "ZÜRICH",
    "停火",
    "停",
    "乌克兰停火",
    "أوكرانيا",
    "إطلاق النار",
    '"quoted"',
    "near(x)",
)
WORDS += ("зеленский", "rich gip", "\0c", "*", "x OR y", "^ab", "-zurich")


def item(number: int, channel: int = 0, record: Any = None, **changes: Any) -> Item:
    value = orjson.dumps(record or event(number, **changes))
    found = decode_any(channel, number % 3, number, NOW_MS + number, value)
    assert found is not None
    return found


@pytest.fixture
async def index() -> AsyncIterator[Index]:
    made = Index(1000, 24)
    yield made
    await made.close()


async def listed(index: Index, query: EventsQuery | None = None) -> list[str]:
    return [row.id for row in (await index.page((query or EventsQuery()).asked(), None, 500)).rows]


def ids(*numbers: int) -> list[str]:
    return [event(number)["id"] for number in numbers]


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.lists(st.sampled_from(TOPICS), max_size=2),
        "country": st.lists(st.sampled_from(["CH", "UA", "PL"]), max_size=2),
        "language": st.lists(st.sampled_from(["en", "en-gb", "zh"]), max_size=2),
        "source": st.sampled_from([["example"], ["EXAMPLE.org"], ["other"]]),
        "sector": st.sampled_from([["energy"], ["cars"]]),
        "min_score": st.sampled_from([["0.5"], ["0.9"], ["0.95"]]),
        "since": st.sampled_from([["2026-01-20T00:03:00Z"], ["2026-01-20T00:03:00.000001Z"]]),
        "until": st.sampled_from([["2026-01-20T00:05:00Z"]]),
        "q": st.lists(st.sampled_from(WORDS), min_size=1, max_size=1),
    },
)
ITEMS = [
    item(
        number,
        title=title,
        topics=[topic],
        countries=[country],
        language=language,
        score=score,
        sectors=["energy"] if number % 2 else [],
    )
    for number, (title, topic, country, language, score) in enumerate(
        zip(
            TITLES * 2,
            TOPICS * 5,
            ["CH", "UA", "PL", "UA"] * 4,
            ["en", "en-GB", "zh", None, "EN"] * 3,
            [0.5, 0.9, 0.95] * 5,
            strict=False,
        )
    )
]


@given(FILTERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_and_the_stream_agree(filters: dict[str, list[str]]) -> None:
    import asyncio

    query = EventsQuery.parse(MultiDict((name, text) for name, texts in filters.items() for text in texts), TOPICS)
    matches = query.matcher()

    async def both() -> None:
        index = Index(1000, 24)
        try:
            index.put(ITEMS, "p")
            expected = [one.id for one in sorted(ITEMS, key=lambda one: one.order, reverse=True) if matches(one)]
            assert await listed(index, query) == expected
        finally:
            await index.close()

    asyncio.run(both())


async def test_words_are_found_in_scripts_without_spaces(index: Index) -> None:
    assert tables.has_trigrams()
    index.put(ITEMS, "p")
    for words, titles in (
        ("停火", {"乌克兰停火谈判"}),  # two letters: shorter than a trigram
        ("停", {"乌克兰停火谈判", "停戦"}),
        ("أوكرانيا", {"وقف إطلاق النار في أوكرانيا"}),
        ("zurich", {"Gipfel in Zürich"}),
    ):
        page = await index.page(EventsQuery(q=words).asked(), None, 50)
        assert {orjson.loads(row.json)["title"] for row in page.rows} == titles


async def test_a_newer_text_takes_the_place_of_the_older_one(index: Index) -> None:
    index.put([item(1), item(2, supersedes=ids(1)[0], version=2)], "p")
    index.put([item(4, supersedes=ids(3)[0], version=2), item(3)], "q")  # the older one comes later, from elsewhere
    assert await listed(index) == ids(4, 2)
    for older, newer in ((1, 2), (3, 4)):
        found = await index.find("event", ids(older)[0])
        assert found is not None
        assert found.successor == ids(newer)[0]


async def test_a_corrected_event_keeps_its_id_and_stands(index: Index) -> None:
    index.put([item(1), item(4, record=event(1, version=2, supersedes=ids(1)[0], topics=["ukraine-war"]))], "p")
    assert await listed(index) == ids(1)
    assert await listed(index, EventsQuery(topic=["davos"])) == []
    found = await index.find("event", ids(1)[0])
    assert found is not None
    assert (found.successor, orjson.loads(found.json)["version"]) == (None, 2)


async def test_a_withdrawn_event_is_gone_until_it_is_published_again(index: Index) -> None:
    withdrawal = {
        "withdraws": ids(1)[0],
        "url": "https://example.org/1",
        "canonical_url": "https://example.org/1",
        "title": "x",
        "topics": ["davos"],
        "reason": "reclassified",
        "classification": event(1)["classification"],
        "at": "2026-01-20T12:00:00Z",
    }
    index.put([item(0), item(1), item(4, record=withdrawal)], "p")
    assert await listed(index) == ids(0)
    found = await index.find("event", ids(1)[0])
    assert found is not None
    assert found.withdrawn == "reclassified"
    assert await index.standing("event", ids(0, 1)) == [item(0).json]
    index.put([item(7, record=event(1))], "q")
    assert await listed(index) == ids(1, 0)


async def test_the_newest_version_of_a_story_and_of_an_alert_stands(index: Index) -> None:
    merged = story(3, status="merged", merged_into=ids(6)[0], version=2, topics=[])
    index.put([item(3, 1, story(3)), item(6, 1, story(6, title="Gipfel in Zürich")), item(9, 1, merged)], "p")
    index.put([item(1, 2, alert(1)), item(4, 2, alert(1, state="closed")), item(2, 2, silence(2, "bbc"))], "q")

    async def found(query: StoriesQuery | AlertsQuery) -> list[str]:
        return [row.id for row in (await index.page(query.asked(), None, 50)).rows]

    assert await found(StoriesQuery()) == ids(6)
    assert await found(StoriesQuery(active=False)) == ids(6, 3)
    assert await found(StoriesQuery(q="zurich", topic=["davos"], country=["CH"], language=["de"])) == ids(6)
    assert await found(StoriesQuery(q="event number 7")) == ids(6)  # the title of its second article
    assert await found(StoriesQuery(topic=["ukraine-war"])) == []
    assert await found(AlertsQuery()) == ids(2, 1)
    assert await found(AlertsQuery(state=["open"])) == []
    assert await found(AlertsQuery(state=["closed"], topic=["davos"])) == ids(1)
    assert await found(AlertsQuery(kind=["source-silent"], source=["bbc"])) == ids(2)


async def test_pages_follow_each_other_while_events_arrive(index: Index) -> None:
    index.put([item(number) for number in range(60)], "p")
    pages: list[str] = []
    before = None
    for round_ in range(100):
        page = await index.page(EventsQuery().asked(), before, 7)
        pages += [row.id for row in page.rows]
        index.put([item(1000 + round_)], "q")
        if not page.more:
            break
        before = page.rows[-1].order
    assert pages == ids(*range(59, -1, -1))


async def test_what_is_too_much_or_too_old_leaves_with_everything_that_belongs_to_it() -> None:
    index = Index(10, 1)
    try:
        old = decode_any(0, 0, 0, NOW_MS - 2 * 3_600_000, orjson.dumps(event(99)))
        assert old is not None
        index.put([old, *(item(number) for number in range(25))], "p")
        assert await listed(index) == ids(*range(24, 14, -1))
        assert await listed(index, EventsQuery(q="number 12")) == []
        assert index.held == {"event": 10}

        def left(connection: Any) -> tuple[int, int]:
            [(tags,)] = connection.execute("SELECT count(DISTINCT key) FROM tags")
            [(texts,)] = connection.execute("SELECT count(*) FROM search")
            return tags, texts

        assert await index._read(left) == (10, 10)
    finally:
        await index.close()


async def test_counts_are_by_topic_country_language_publisher_and_minute(index: Index) -> None:
    minute = NOW_MS // 60_000
    base = minute * 60_000
    values = [(0, base), (1, base + 1), (2, base - 60_000), (3, base - 3_600_000), (4, base + 90_000)]
    records = [decode_any(0, 0, n, at, orjson.dumps(event(n, countries=["CH", "UA"][: 1 + n % 2]))) for n, at in values]
    index.put([one for one in records if one], "p")
    counts = await index.count(EventsQuery().asked(), minute - 59)
    stats = statistics(counts, TOPICS, minute, 60)
    assert {tally.value: tally.events for tally in stats.topics} == {"trade-deals": 0, "ukraine-war": 0, "davos": 5}
    assert [(tally.value, tally.name, tally.events) for tally in stats.countries] == [
        ("CH", "Land CH", 5),
        ("UA", "Land UA", 2),
    ]
    assert [(tally.value, tally.events) for tally in stats.languages] == [("en", 5)]
    assert [(tally.value, tally.name, tally.events) for tally in stats.sources] == [("example", "Example", 5)]
    # An hour ago is outside; a clock that is ahead counts as now.
    assert [minute.events for minute in stats.minutes] == [0] * 58 + [1, 3]
    assert stats.minutes[-1].topics == {"davos": 3}
    only = await index.count(EventsQuery(country=["UA"]).asked(), minute - 59)
    assert only.events == 2


async def test_a_reset_forgets_everything(index: Index) -> None:
    index.put([item(1)], "p")
    await index.flushed()
    index.reset()
    index.put([item(2)], "q")
    assert await listed(index) == ids(2)
