"""dedupe: new, updated or known; and the chain of versions at one address."""

from app.steps.dedupe import (
    CLAIM_BYTES,
    SEEN_BYTES,
    Novelty,
    Version,
    dedupe_again,
    dedupe_by_content,
    dedupe_by_url,
    next_version,
)
from app.steps.memory import Memory, Pending
from app.steps.records import Article
from tests.unit.articles import LONG, NOW_MS, article

DAY = 86_400_000


def seen() -> Pending:
    return Pending(Memory(DAY, 1000))


def version(of: Article, memory: Pending) -> Version:
    assert dedupe_by_url(of, memory, NOW_MS) is not Novelty.DUPLICATE
    return next_version(of, memory, NOW_MS)


def test_new_updated_known() -> None:
    memory = seen()
    first, update = article("a", text=LONG), article("a", text=f"{LONG} And more.")
    assert dedupe_by_url(first, memory, NOW_MS) is Novelty.NEW
    assert dedupe_by_url(first, memory, NOW_MS) is Novelty.DUPLICATE
    assert dedupe_by_url(update, memory, NOW_MS) is Novelty.UPDATED
    assert dedupe_by_url(update, memory, NOW_MS) is Novelty.DUPLICATE
    assert dedupe_by_url(article("b", text=LONG), memory, NOW_MS) is Novelty.NEW


def test_all_forms_of_an_address_are_one() -> None:
    memory = seen()
    assert dedupe_by_url(article("x", url="https://www.news.example/x?utm_source=a"), memory, NOW_MS) is Novelty.NEW
    assert dedupe_by_url(article("x", url="http://m.news.example/x/amp#b"), memory, NOW_MS) is Novelty.DUPLICATE


def test_punctuation_is_no_update() -> None:
    memory = seen()
    assert dedupe_by_url(article(title="A deal"), memory, NOW_MS) is Novelty.NEW
    assert dedupe_by_url(article(title="“A Deal!”"), memory, NOW_MS) is Novelty.DUPLICATE


def test_versions_make_a_chain() -> None:
    memory = seen()
    one, two, three = (article(text=f"{LONG} {number}") for number in range(3))
    assert version(one, memory) == Version(1, None)
    assert version(two, memory) == Version(2, one.id)
    assert version(three, memory) == Version(3, two.id)


def test_addresses_have_chains_of_their_own() -> None:
    memory = seen()
    assert version(article("a"), memory) == Version(1, None)
    assert version(article("b"), memory) == Version(1, None)


def test_irrelevant_texts_count_for_nothing() -> None:
    memory = seen()
    boring, first, dull, second = (article(text=f"{LONG} {number}") for number in range(4))
    assert dedupe_by_url(boring, memory, NOW_MS) is Novelty.NEW
    assert version(first, memory) == Version(1, None)
    assert dedupe_by_url(dull, memory, NOW_MS) is Novelty.UPDATED
    assert version(second, memory) == Version(2, first.id)


def test_two_versions_in_one_batch() -> None:
    """The path de-duplicates a whole batch before it numbers the versions."""
    memory = seen()
    one, two = article(text=f"{LONG} 1"), article(text=f"{LONG} 2")
    assert [dedupe_by_url(each, memory, NOW_MS) for each in (one, two)] == [Novelty.NEW, Novelty.UPDATED]
    assert next_version(one, memory, NOW_MS) == Version(1, None)
    assert next_version(two, memory, NOW_MS) == Version(2, one.id)
    assert dedupe_by_url(two, memory, NOW_MS) is Novelty.DUPLICATE
    assert dedupe_by_url(one, memory, NOW_MS) is Novelty.UPDATED


def test_a_text_that_comes_back_is_an_update_of_the_one_between() -> None:
    memory = seen()
    one, two = article(text=f"{LONG} A"), article(text=f"{LONG} B")
    assert version(one, memory) == Version(1, None)
    assert version(two, memory) == Version(2, one.id)
    assert version(one, memory) == Version(3, two.id)


def test_versions_survive_a_commit() -> None:
    memory = Memory(DAY, 1000)
    one, two = article(text=f"{LONG} 1"), article(text=f"{LONG} 2")
    before = Pending(memory)
    version(one, before)
    before.commit()
    after = Pending(memory)
    assert dedupe_by_url(one, after, NOW_MS) is Novelty.DUPLICATE
    assert version(two, after) == Version(2, one.id)


def test_payloads_have_the_width_that_the_state_topics_are_packed_with() -> None:
    memory = seen()
    one = article()
    version(one, memory)
    assert {len(entry.payload) for entry in memory.entries} == {SEEN_BYTES}
    claims = seen()
    dedupe_by_content(one.content_key, one.id, claims, NOW_MS)
    assert {len(entry.payload) for entry in claims.entries} == {CLAIM_BYTES}


def test_what_is_sent_back_is_new_once_where_it_was_irrelevant() -> None:
    memory = seen()
    first = article(text=LONG)
    assert dedupe_again(first, memory, NOW_MS) is Novelty.NEW  # forgotten by now
    assert dedupe_again(first, memory, NOW_MS) is Novelty.NEW  # known, but no event came of it
    assert next_version(first, memory, NOW_MS) == Version(1, None)
    assert dedupe_again(first, memory, NOW_MS) is Novelty.DUPLICATE


def test_what_is_sent_back_goes_on_with_its_pages_chain_and_never_back() -> None:
    memory = seen()
    one, two, three = (article(text=f"{LONG} {number}") for number in range(3))
    version(one, memory)
    assert dedupe_by_url(two, memory, NOW_MS) is Novelty.UPDATED  # irrelevant
    assert dedupe_again(two, memory, NOW_MS) is Novelty.NEW
    assert next_version(two, memory, NOW_MS) == Version(2, one.id)
    assert dedupe_by_url(three, memory, NOW_MS) is Novelty.UPDATED
    for older in (one, two):
        assert dedupe_again(older, memory, NOW_MS) is Novelty.DUPLICATE
    assert dedupe_by_url(three, memory, NOW_MS) is Novelty.DUPLICATE  # nothing was changed


def test_a_text_is_claimed_once_wherever_it_stands() -> None:
    claims = seen()
    a, b = article("a", title="T", text=LONG), article("b", title="T", text=LONG)
    assert a.id != b.id
    assert dedupe_by_content(a.content_key, a.id, claims, NOW_MS) is Novelty.NEW
    assert dedupe_by_content(b.content_key, b.id, claims, NOW_MS) is Novelty.DUPLICATE
    assert dedupe_by_content(article("c").content_key, "00" * 16, claims, NOW_MS) is Novelty.NEW


def test_a_duplicate_that_would_fade_is_remembered_anew() -> None:
    memory = Memory(DAY, 1000)
    one = article("a")
    first = Pending(memory)
    dedupe_by_url(one, first, NOW_MS)
    first.commit()
    again = Pending(memory)
    dedupe_by_url(article("b"), again, NOW_MS + DAY // 2)
    again.commit()
    later = Pending(memory)
    assert dedupe_by_url(one, later, NOW_MS + DAY // 2) is Novelty.DUPLICATE
    assert [entry.key for entry in later.entries] == [one.url_key]
