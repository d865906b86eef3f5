"""The whole path on plain values: what a batch of records leads to."""

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline import ClassifyPath, RoutePath
from app.steps.candidates import Candidate, pack, unpack
from app.steps.identity import home_partition
from app.steps.memory import Memory, Pending
from app.steps.outgoing import Decided, Outcome, Outgoing
from app.steps.records import Inbound
from app.steps.rekey import REKEYED_FROM
from app.steps.story_input import unpack as unpack_items
from schemas.channels import Channels
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage
from schemas.event import EVENT_TYPE, EnrichedEvent
from tests.unit.articles import LONG, NOW, NOW_MS, RAW, WordClassifier, at_home, inbound, raw

PARTITIONS = 4
CHANNELS = Channels()
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def memory() -> Pending:
    return Pending(Memory(86_400_000, 10_000))


def classified(*records: Inbound, seen: Pending | None = None) -> Decided:
    return ClassifyPath(CHANNELS, WordClassifier(), PARTITIONS).decide(records, seen or memory(), NOW)


def routed(candidates: list[Outgoing], claims: Pending | None = None) -> Decided:
    records = [inbound(out.value, partition=out.partition or 0) for out in candidates]
    return RoutePath(CHANNELS).decide(records, claims or memory(), NOW)


def candidates_of(decided: Decided) -> list[Candidate]:
    return [one for out in decided.outgoing if out.topic == CHANNELS.candidates for one in unpack(out.value or b"")]


def home(value: dict[str, Any], **fields: Any) -> Inbound:
    return at_home(value, PARTITIONS, **fields)


def test_a_relevant_article_becomes_a_candidate_on_the_partition_of_its_text() -> None:
    decided = classified(home(raw("a")))
    assert decided.outcomes == {Outcome.PUBLISHED: 1}
    [out] = decided.outgoing
    [candidate] = candidates_of(decided)
    assert out.topic == CHANNELS.candidates
    assert out.partition == home_partition(candidate.content_key, PARTITIONS)
    assert candidate.received_ms == NOW_MS


def test_an_irrelevant_article_leads_to_nothing_but_is_remembered() -> None:
    seen = memory()
    boring = raw("a", title="Weather")
    assert classified(home(boring), seen=seen).outgoing == []
    assert classified(home(boring), seen=seen).outcomes == {Outcome.DUPLICATE: 1}


def test_a_mixed_batch() -> None:
    batch = [
        home(raw("a")),
        home(raw("a")),
        home(raw("a", url="https://www.news.example/a?utm_source=x")),
        home(raw("weather", title="Weather")),
        home(raw("b")),
        home(raw("a", text=f"{LONG} Updated.")),
        inbound(b"nonsense"),
        inbound(None),
    ]
    decided = classified(*batch)
    assert decided.outcomes == {
        Outcome.PUBLISHED: 3,
        Outcome.DUPLICATE: 2,
        Outcome.IRRELEVANT: 1,
        Outcome.DEAD_LETTERED: 2,
    }
    assert decided.dead == {(Stage.VALIDATE, Reason.NOT_JSON): 1, (Stage.VALIDATE, Reason.EMPTY_VALUE): 1}
    versions = {(c.event["canonical_url"][-1], c.event["version"]) for c in candidates_of(decided)}
    assert versions == {("a", 1), ("a", 2), ("b", 1)}
    assert set(decided.seconds) == {Stage.VALIDATE, Stage.DEDUPE, Stage.CLASSIFY, Stage.ENRICH}


def test_a_record_on_another_partition_is_handed_to_its_own_untouched() -> None:
    right = home(raw("a"))
    wrong = Inbound(RAW, (right.partition + 1) % PARTITIONS, 7, 123, b"\xffkey", right.value, (("h", b"\xfe"),))
    seen = memory()
    decided = classified(wrong, seen=seen)
    assert decided.outcomes == {Outcome.REKEYED: 1}
    [out] = decided.outgoing
    assert (out.topic, out.partition, out.key, out.value) == (RAW, right.partition, wrong.key, wrong.value)
    assert out.timestamp_ms == 123
    assert out.headers == [("h", b"\xfe"), (REKEYED_FROM, f"{RAW}-{wrong.partition}@7".encode())]
    assert seen.entries == [], "what another lane decides is not remembered here"


def test_a_record_is_never_handed_on_twice() -> None:
    wrong = inbound(raw("a"), partition=(home(raw("a")).partition + 1) % PARTITIONS)
    [out] = classified(wrong).outgoing
    arrived = Inbound(out.topic, out.partition or 0, 0, NOW_MS, out.key, out.value, tuple(out.headers))
    assert classified(arrived).outcomes == {Outcome.PUBLISHED: 1}


def test_a_dead_letter_is_the_record_itself_and_says_why() -> None:
    record = inbound(
        b"\xff\x00", partition=3, key=b"\xfe", headers=(("kept", b"\x80"), ("geonews.error.stage", b"an older one"))
    )
    [out] = classified(record).outgoing
    assert (out.topic, out.key, out.value) == (CHANNELS.dead_letters, b"\xfe", b"\xff\x00")
    assert out.headers[0] == ("kept", b"\x80")
    assert len({name for name, _ in out.headers}) == len(out.headers)
    assert DeadLetterHeaders.from_headers(out.headers) == DeadLetterHeaders(
        stage=Stage.VALIDATE,
        reason=Reason.NOT_UTF8,
        error_class="UnicodeDecodeError",
        message="'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        topic=RAW,
        partition=3,
        offset=record.offset,
        timestamp=NOW_MS,
        attempts=1,
    )


def test_a_step_that_fails_names_its_stage() -> None:
    path = ClassifyPath(CHANNELS, WordClassifier(), PARTITIONS)
    with pytest.raises(RuntimeError, match="cannot classify"):
        path.decide([home(raw("a", title="poison"))], memory(), NOW)
    assert path.stage is Stage.CLASSIFY


def test_the_path_is_up_as_long_as_its_classifier_answers() -> None:
    classifier = WordClassifier()
    path = ClassifyPath(CHANNELS, classifier, PARTITIONS)
    assert path.is_up()
    classifier.is_broken = True
    assert not path.is_up()
    assert RoutePath(CHANNELS).is_up()


def test_an_event_goes_to_all_events_and_to_each_topic_of_its_own() -> None:
    record = home(raw("a", published_at="2026-01-20T09:00:00Z"), headers=(("traceparent", TRACE),))
    decided = routed(classified(record).outgoing)
    topics = ["geonews.events.v1", "geonews.events.trade-deals.v1", "geonews.story-input.v1"]
    assert [out.topic for out in decided.outgoing] == topics
    first, second, third = decided.outgoing
    assert (first.key, first.value, first.headers) == (second.key, second.value, second.headers)
    event = EnrichedEvent.model_validate_json(first.value or b"")
    assert first.key == event.id.encode()
    assert (event.raw.topic, event.raw.partition, event.raw.offset) == (RAW, record.partition, record.offset)
    headers = dict(first.headers)
    assert len(headers) == len(first.headers)
    parent = headers.pop("traceparent")
    assert parent[:36] == TRACE[:36]
    assert parent[36:52] != TRACE[36:52]
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": event.id.encode(),
        "ce_source": b"/geonews/classify",
        "ce_type": EVENT_TYPE.encode(),
        "ce_time": b"2026-01-20T09:00:00.000Z",
        "ce_subject": b"https://news.example/a",
        "content-type": b"application/json",
        "ce_traceparent": TRACE,
    }
    [item] = unpack_items(third.value or b"")
    assert (item["id"], item["topics"], third.partition) == (event.id, ["trade-deals"], 0)
    [published] = decided.published
    assert (published.topics, published.received_ms) == (("trade-deals",), NOW_MS)
    assert published.published_ms == NOW_MS - 75 * 60 * 1000


def test_one_text_at_two_addresses_is_published_once() -> None:
    both = [home(raw("a", title="A deal", text=LONG)), home(raw("b", title="A deal", text=LONG))]
    first = classified(*both)
    assert first.outcomes == {Outcome.PUBLISHED: 2}
    claims = memory()
    decided = routed(first.outgoing, claims)
    assert decided.outcomes == {Outcome.PUBLISHED: 1, Outcome.DUPLICATE: 1}
    assert routed(first.outgoing, claims).outcomes == {Outcome.DUPLICATE: 2}


def test_a_text_that_comes_back_at_its_address_is_no_second_event() -> None:
    """A, B, A: the third has the id of the first, which consumers have already."""
    seen, claims, ids = memory(), memory(), []
    for text in (f"{LONG} A", f"{LONG} B", f"{LONG} A", f"{LONG} C"):
        decided = routed(classified(home(raw("a", text=text)), seen=seen).outgoing, claims)
        ids += [event["id"] for event in map(event_of, decided.outgoing[:1])]
    assert len(ids) == len(set(ids)) == 3


def event_of(out: Outgoing) -> dict[str, Any]:
    return dict(orjson.loads(out.value or b""))


def test_a_record_that_no_classify_lane_wrote_raises_in_routing() -> None:
    for value in (b"", b"nonsense", b'{"a": 1}', b'[["zz"]]', b'[["00", "", 0, 0, {}]]'):
        with pytest.raises((ValueError, TypeError, KeyError)):
            RoutePath(CHANNELS).decide([inbound(value)], memory(), NOW)


_paths = st.sampled_from("abcdefgh")
_titles = st.sampled_from(["A deal", "Weather", "", "deal \u202e<b>\x00", "Ein deal 協定 deal"]) | st.text(max_size=20)
_valid = st.builds(lambda path, title: orjson.dumps(raw(path, title=title)), _paths, _titles)
_records = st.builds(
    inbound,
    st.none() | st.binary(max_size=20) | _valid,
    partition=st.integers(0, PARTITIONS - 1),
    key=st.none() | st.binary(max_size=4),
    timestamp=st.integers(-1, 2**41),
    headers=st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2).map(tuple),
)


@given(st.lists(_records, max_size=20))
def test_every_record_has_exactly_one_outcome(records: list[Inbound]) -> None:
    decided = classified(*records)
    assert sum(decided.outcomes.values()) == len(records)
    by_topic = Counter(out.topic for out in decided.outgoing)
    assert by_topic[RAW] == decided.outcomes[Outcome.REKEYED]
    assert by_topic[CHANNELS.dead_letters] == decided.outcomes[Outcome.DEAD_LETTERED] == sum(decided.dead.values())
    found = candidates_of(decided)
    assert len(found) == decided.outcomes[Outcome.PUBLISHED]
    arrived = routed([out for out in decided.outgoing if out.topic == CHANNELS.candidates])
    assert sum(arrived.outcomes.values()) == len(found)
    assert len(arrived.published) == arrived.outcomes[Outcome.PUBLISHED]
    items = [
        item for out in arrived.outgoing if out.topic == CHANNELS.story_input for item in unpack_items(out.value or b"")
    ]
    assert len(items) == arrived.outcomes[Outcome.PUBLISHED]
    for out in arrived.outgoing:
        if out.topic == CHANNELS.story_input:
            continue
        event = EnrichedEvent.model_validate_json(out.value or b"", strict=False)
        assert event.id.encode() == out.key
        assert all(isinstance(value, bytes) and value for _, value in out.headers)


@given(st.lists(_valid, min_size=1, max_size=20), st.data())
def test_batch_borders_change_nothing(values: list[bytes], data: st.DataObject) -> None:
    """The same records in one batch or in many: the same events."""
    records = [inbound(value, partition=0, offset=at) for at, value in enumerate(values)]
    path = ClassifyPath(CHANNELS, WordClassifier(), 1)
    together = path.decide(records, memory(), NOW)
    seen, apart = memory(), Decided()
    at = 0
    while at < len(records):
        size = data.draw(st.integers(1, len(records)))
        apart.add(path.decide(records[at : at + size], seen, NOW))
        at += size
    assert apart.outcomes == together.outcomes
    assert [c.event for c in candidates_of(apart)] == [c.event for c in candidates_of(together)]


def test_the_longest_article_makes_an_event_that_kafka_takes() -> None:
    """Every field at its limit, in characters of four bytes."""
    wide = "🌍"
    longest = raw(
        url="https://news.example/" + "協" * 2000,
        title="deal " + wide * 50_000,
        summary=wide * 50_000,
        source={"id": wide * 20_000, "name": wide * 20_000, "domain": "d" * 20_000},
        language="en" + "-abcdefgh" * 6,
    )
    [out] = classified(home(longest)).outgoing
    assert len(out.value or b"") < 60_000


def test_candidates_are_packed_below_kafkas_limit_in_order() -> None:
    event = candidates_of(classified(home(raw("a"))))[0].event
    many = [Candidate(event | {"title": "x" * 3000, "version": n}, bytes(16), "t", n, n) for n in range(1, 1000)]
    values = list(pack(many))
    assert len(values) > 1
    assert all(len(value) <= 1_000_000 for value in values)
    assert [one for value in values for one in unpack(value)] == many
    assert list(pack([])) == []
