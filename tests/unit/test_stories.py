"""Articles become stories: joined, merged, parted, replaced, withdrawn, closed, and the same after any restart."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from app.steps.memory import Memory, Pending
from app.steps.outgoing import Decided, Outcome
from app.steps.records import Inbound
from app.steps.story_input import Item, story_input, unpack, withdrawal_item
from app.stories.article import Article, Kind
from app.stories.cluster import Clusters, Rules, halves
from app.stories.path import StoryPath, no_embedding, read
from app.stories.similarity import NAMES, Model, closeness, compared, eight_bits, shipped_model
from schemas.channels import Channels
from schemas.dead_letter import Reason, Stage
from schemas.story import Story
from tests.story_tools import item, labelled, varied

CHANNELS = Channels()
NOW = datetime(2026, 2, 1, tzinfo=UTC)
ONE, TWO = "a" * 32, "b" * 32


def by_words(bias: float = -2.0, word: float = 4.0) -> Model:
    """A model for which the share of common words decides."""
    weights = tuple({"bias": bias, "word alike": word}.get(name, 0.0) for name in NAMES)
    return Model(weights, weights)


def article(clusters: Clusters, name: str, words: str, *, hours: float = 0.0) -> Article:
    """An article with these words; every word weighs the same."""
    vector = tuple({hash_of(word): 16 for word in words.split()} if kind is Kind.WORD else {} for kind in Kind)
    at_ms = int(hours * 3_600_000)
    shown = {"id": name, "title": words, "family": name, "url": "", "language": "en", "source": "", "source_name": ""}
    facts = {"topics": ["davos"], "countries": {}, "people": [], "organisations": [], "sectors": [], "importance": 0.1}
    return Article(name, clusters.held.next_seq, "", at_ms, at_ms, "en", vector, b"", shown, facts)


def hash_of(word: str) -> int:
    return int.from_bytes(word.encode(), "big")


def take(clusters: Clusters, name: str, words: str, *, hours: float = 0.0, replaces: str | None = None) -> str:
    return clusters.take_in(clusters.plan(article(clusters, name, words, hours=hours), replaces))


def groups(clusters: Clusters) -> set[frozenset[str]]:
    """The members of each story that has any."""
    every = clusters.held.stories.values()
    return {frozenset(one.id for one in story.members.values()) for story in every if story.members}


def test_alike_articles_are_one_story_named_after_the_first() -> None:
    clusters = Clusters(by_words(), Rules())
    assert take(clusters, "one", "a b c d") == "one"
    assert take(clusters, "two", "a b c e") == "one"
    assert take(clusters, "three", "p q r s") == "three"
    assert groups(clusters) == {frozenset({"one", "two"}), frozenset({"three"})}


def test_a_story_ends_where_its_time_does() -> None:
    clusters = Clusters(by_words(), Rules(span_ms=48 * 3_600_000))
    take(clusters, "one", "a b c d")
    assert take(clusters, "two", "a b c d", hours=47) == "one"
    assert take(clusters, "three", "a b c d", hours=49) == "three"


def test_an_article_between_two_stories_merges_them_into_the_older() -> None:
    clusters = Clusters(by_words(), Rules(join=0.0, merge=-1.5))
    take(clusters, "one", "a b c d")
    take(clusters, "two", "e f g h d")
    assert len(groups(clusters)) == 2
    take(clusters, "both", "a b c d e f g h")
    assert groups(clusters) == {frozenset({"one", "two", "both"})}
    gone = clusters.held.stories["two"]
    assert (gone.merged_into, gone.members) == ("one", {})


def test_a_story_whose_halves_have_nothing_in_common_is_parted() -> None:
    clusters = Clusters(by_words(), Rules(join=0.0, merge=-1.5, split=-1.5))
    for name, words in (("a1", "a b c d"), ("a2", "a b c e"), ("b1", "p q r s t"), ("b2", "p q r u t")):
        take(clusters, name, words)
    take(clusters, "bridge", "a b c d p q r s t")
    assert len(groups(clusters)) == 1
    assert clusters.withdraw("bridge")
    assert groups(clusters) == {frozenset({"a1", "a2"}), frozenset({"b1", "b2"})}
    assert clusters.held.stories["b1"].split_from == "a1"
    assert clusters.held.stories["b1"].merged_into is None
    assert not clusters.withdraw("bridge")


def test_a_new_version_keeps_its_place_unless_it_says_something_else() -> None:
    clusters = Clusters(by_words(), Rules(loyalty=0.5))
    take(clusters, "one", "a b c d")
    take(clusters, "two", "a b c e")
    assert take(clusters, "two again", "a b c f", replaces="two") == "one"
    assert groups(clusters) == {frozenset({"one", "two again"})}
    assert take(clusters, "two again", "p q r s") == "two again"
    assert groups(clusters) == {frozenset({"one"}), frozenset({"two again"})}


def test_a_story_that_lost_its_first_article_keeps_its_name_and_the_name_stays_its_own() -> None:
    clusters = Clusters(by_words(), Rules(loyalty=0.0))
    take(clusters, ONE, "a b c d")
    take(clusters, TWO, "a b c e")
    moved = take(clusters, ONE, "p q r s")
    assert moved not in (ONE, TWO)
    assert clusters.held.by_id[TWO].story == ONE


def test_quiet_stories_are_closed_and_the_quietest_make_room() -> None:
    clusters = Clusters(by_words(), Rules(keep_ms=24 * 3_600_000, most_articles=3))
    for number, word in enumerate("abcde"):
        take(clusters, word, f"{word}1 {word}2 {word}3", hours=number)
    assert groups(clusters) == {frozenset("c"), frozenset("d"), frozenset("e")}
    take(clusters, "late", "x y z", hours=28.5)
    assert groups(clusters) == {frozenset({"late"})}
    held = clusters.held
    assert (len(held.by_seq), len(held.by_id), held.index.texts()) == (1, 1, 1)
    assert held.index.holding(hash_of("a1")) == 0


def test_halves_are_the_last_two_clusters() -> None:
    links = [[9, 5, 0, 0], [5, 9, 0, 1], [0, 0, 9, 5], [0, 1, 5, 9]]
    assert halves(links) == ([0, 1], [2, 3], 0.25)


def test_embeddings_compare_exactly() -> None:
    one, other = eight_bits([0.6, 0.8, 0.0]), eight_bits([0.0, 0.8, 0.6])
    assert closeness(one, one) == pytest.approx(1.0)
    assert closeness(one, other) == pytest.approx(0.64, abs=0.01)
    assert closeness(one, b"") == 0.0


def test_only_what_each_has_and_the_other_lacks_is_opposed() -> None:
    def about(*places: str) -> Article:
        one = article(Clusters(by_words(), Rules()), ONE, "")
        vector = tuple({hash_of(name): 32 for name in places} if kind is Kind.PLACE else {} for kind in Kind)
        return replace(one, vector=vector)

    def opposed(one: Article, other: Article) -> float:
        return compared(one, other)[NAMES.index("place opposed")]

    japan, peru = about("EU", "JP"), about("EU", "PE")
    assert opposed(japan, peru) == opposed(peru, japan) == pytest.approx(0.693, abs=0.001)
    assert opposed(japan, about("EU")) == opposed(about("EU"), japan) == opposed(japan, about()) == 0.0


@pytest.mark.parametrize("happening", ["ca-kr-memorandum", "davos-zelenskyy"])
def test_a_mission_story_is_whole_in_any_order_of_arrival(happening: str) -> None:
    items = [one.item for one in labelled() if one.happening == happening]
    rng = random.Random(happening)
    for _ in range(40):
        rng.shuffle(items)
        clusters = Clusters(shipped_model(), Rules())
        for one in items:
            clusters.take_in(clusters.plan(read(one, clusters, no_embedding)))
        assert groups(clusters) == {frozenset(one["id"] for one in items)}


# -- the path: records in, stories and state out -----------------------------------------------------------------------


def records(items: list[Item], together: int) -> list[Inbound]:
    lots = [items[at : at + together] for at in range(0, len(items), together)]
    values = [out.value for lot in lots for out in story_input(lot, CHANNELS)]
    return [Inbound(CHANNELS.story_input, 0, offset, 0, None, value) for offset, value in enumerate(values)]


def decide(path: StoryPath, *batch: Inbound) -> Decided:
    return path.decide(batch, Pending(Memory(1, 100)), NOW)


def written(decided: Decided, topic: str) -> dict[bytes, bytes | None]:
    return {out.key or b"": out.value for out in decided.outgoing if out.topic == topic}


def test_a_story_is_published_as_its_schema_says() -> None:
    articles = [one.item for one in labelled() if one.happening == "ca-kr-memorandum"]
    path = StoryPath(CHANNELS)
    found = written(decide(path, *records(articles, 3)), CHANNELS.stories)
    [value] = found.values()
    story = Story.model_validate_json(value or b"")
    assert story.id == articles[0]["id"]
    assert story.article_count == len(articles) == len(story.articles)
    assert {"CA", "KR", "US"} <= set(story.countries)
    assert {"autos", "batteries", "critical-minerals", "ai"} <= set(story.sectors)
    assert story.corroboration == len({one["source"]["family"] for one in articles})
    assert story.first_seen.isoformat() == "2026-01-20T14:00:00+00:00"


def test_one_publisher_s_copies_corroborate_nothing() -> None:
    one = next(one.item for one in labelled() if one.happening == "ca-kr-memorandum")
    copies = [one | {"id": f"{number:032x}"} for number in range(4)]
    [value] = written(decide(StoryPath(CHANNELS), *records(copies, 4)), CHANNELS.stories).values()
    story = Story.model_validate_json(value or b"")
    assert (story.article_count, story.corroboration) == (4, 1)


@pytest.mark.parametrize("seed", range(2))
def test_batches_and_restarts_change_nothing(seed: int) -> None:
    """The same records in one go, or in batches with a restart from the state topic between any two."""
    rng = random.Random(seed)
    items = list(varied(700))
    for _ in range(40):
        gone = rng.choice(items)
        if "id" in gone:
            items.insert(rng.randrange(len(items)), withdrawal_item(gone["id"], "2026-01-20T00:00:00.000Z"))
            items.insert(rng.randrange(len(items)), gone | {"id": gone["id"][::-1], "supersedes": gone["id"]})
    batch, rules = records(items, 7), Rules(most_articles=200)
    whole = StoryPath(CHANNELS, rules=rules)
    wanted: dict[bytes, bytes | None] = {}
    for record in batch:
        wanted |= written(decide(whole, record), CHANNELS.stories)
    stored: dict[bytes, bytes] = {}
    found: dict[bytes, bytes | None] = {}
    at = 0
    while at < len(batch):
        path = StoryPath(CHANNELS, rules=rules)
        path.restore(stored)
        for _ in range(rng.randrange(1, 4)):
            size = rng.randrange(1, 12)
            decided = decide(path, *batch[at : at + size])
            at += size
            found |= written(decided, CHANNELS.stories)
            for key, value in written(decided, CHANNELS.story_state).items():
                if value is None:
                    stored.pop(key, None)
                else:
                    stored[key] = value
    assert found == wanted
    merged = [story for value in wanted.values() if (story := orjson.loads(value or b""))["merged_into"]]
    assert merged, "some stories were to be merged"


def test_a_failing_item_is_a_dead_letter_and_its_neighbours_count() -> None:
    batch = records([item(1), item(2) | {"published_at": None}, withdrawal_item("f" * 32, ""), item(3)], 4)
    decided = decide(StoryPath(CHANNELS), *batch, Inbound(CHANNELS.story_input, 0, 9, 0, None, b"{}"))
    assert decided.dead == {(Stage.STORIES, Reason.STEP_FAILED): 2}
    assert decided.outcomes == {Outcome.PUBLISHED: 2, Outcome.IRRELEVANT: 1, Outcome.DEAD_LETTERED: 2}
    stories = [Story.model_validate_json(value or b"") for value in written(decided, CHANNELS.stories).values()]
    assert sum(len(story.articles) for story in stories) == 2


def test_a_change_that_is_cut_short_leaves_a_path_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    path = StoryPath(CHANNELS)
    monkeypatch.setattr(path.clusters.held, "add", None)
    with pytest.raises(TypeError):
        decide(path, *records([item(1)], 1))
    assert not path.is_up()
    with pytest.raises(RuntimeError, match="read anew"):
        decide(path, *records([item(2)], 1))


def test_a_state_of_another_format_is_forgotten() -> None:
    path = StoryPath(CHANNELS)
    path.restore({b"clock": b"[0,5,5]", b"story x": b"whatever", b"x": b"whatever"})
    decided = decide(path, *records([item(1)], 1))
    assert {key for key, value in written(decided, CHANNELS.story_state).items() if value is None} == {b"story x", b"x"}


def test_items_are_packed_below_the_limit_of_a_record() -> None:
    many = [item(number, summary="x" * 500) for number in range(3000)]
    values = [out.value or b"" for out in story_input(many, CHANNELS)]
    assert len(values) > 1
    assert max(map(len, values)) < 256 * 1024, "a batch holds one record at least"
    assert [one for value in values for one in unpack(value)] == many
    with pytest.raises(ValueError, match="JSON objects"):
        unpack(b"[1]")


def test_an_article_survives_its_state() -> None:
    clusters = Clusters(shipped_model(), Rules())
    one = read(labelled()[0].item, clusters, no_embedding)
    assert Article.from_state(one.to_state()) == one
