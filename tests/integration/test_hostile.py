"""Over 10,000 hostile inputs on a real Kafka: each ends as exactly one event, irrelevance, duplicate or dead letter."""

import struct
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.codec import lz4_encode
from aiokafka.record.util import calc_crc32c
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as profile
from hypothesis import strategies as st

from app.audit import audit
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.kafka.client import client_options
from app.settings import Settings
from app.steps.classify import classify
from app.steps.records import Article, Inbound
from app.steps.rejected import Rejected
from app.steps.validate import validate
from schemas.dead_letter import ARTICLE_REASONS, DeadLetterHeaders, Reason
from schemas.event import EVENT_TYPE, EnrichedEvent
from tests.corpus.mutations import mutated
from tests.corpus.strategies import records as any_record
from tests.corpus.ugly import values
from tests.kafka_tools import Put, produce, read_all
from tests.lane_tools import article, home, running

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

# Where things stand in a record batch of Kafka's format 2.
HEADER_BYTES, LENGTH, CHECKSUM, ATTRIBUTES, LZ4 = 61, slice(8, 12), slice(17, 21), 22, 3
INPUT = "test-input"  # header that tells the inputs apart wherever they end; all else about them may be the same
SEED = 20260120


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of the inputs, found without Kafka: reasons by input, and the articles among them."""

    dead: dict[int, Reason]
    articles: dict[int, Article]
    relevant: dict[int, Article]


def drawn(count: int) -> list[Put]:
    """Records as Hypothesis makes them up, the same in every run."""
    found: list[Put] = []

    @seed(SEED)
    @profile(max_examples=count // 20, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(any_record, min_size=20, max_size=20))
    def draw(some: list[Put]) -> None:
        found.extend(some)

    draw()
    return found


def hostile_inputs() -> list[Put]:
    corpus = [Put(value, key=b"%d" % n, partition=n % 4) for n, value in enumerate(values())]
    inputs = [*corpus, *mutated(8500, SEED), *drawn(1000)]
    return [replace(put, headers=[*put.headers, (INPUT, b"%d" % n)]) for n, put in enumerate(inputs)]


def expected(inputs: Sequence[Put]) -> Expected:
    dead: dict[int, Reason] = {}
    articles: dict[int, Article] = {}
    for number, put in enumerate(inputs):
        try:
            articles[number] = validate(Inbound("", 0, 0, 0, None, put.value))
        except Rejected as why:
            dead[number] = why.reason
    verdicts = classify(list(articles.values()), build_classifier("lexicon", load_taxonomy(None)))
    relevant = {n: article for (n, article), verdict in zip(articles.items(), verdicts, strict=True) if verdict.topics}
    return Expected(dead, articles, relevant)


def number_of(record: ConsumerRecord[Any, Any]) -> int:
    [number] = [int(value) for name, value in record.headers if name == INPUT]
    return number


async def test_every_hostile_input_ends_exactly_once(settings: Settings) -> None:
    inputs = hostile_inputs()
    assert len(inputs) >= 10_000
    wanted = expected(inputs)
    assert len(wanted.relevant) > 1000, "too tame: hardly anything of this reaches an event"
    assert set(wanted.dead.values()) == ARTICLE_REASONS

    await produce(settings, settings.channels.raw, inputs)
    async with running(settings) as health:
        report = await audit(settings, wait_seconds=150)
        assert health.reasons == {}
    assert report.findings == []
    assert report.is_clean
    assert report.waiting == 0

    await check_ledger(settings, len(inputs), wanted)
    check_dead_letters(await read_all(settings, settings.channels.dead_letters), inputs, wanted)
    await check_events(settings, wanted)


async def check_ledger(settings: Settings, count: int, wanted: Expected) -> None:
    sums: Counter[str] = Counter()
    for record in await read_all(settings, settings.channels.ledger):
        entry = orjson.loads(record.value)
        if entry["topic"] == settings.channels.raw:
            sums.update({name: entry[name] for name in ("records", "published", "duplicates", "irrelevant")})
            sums["dead_lettered"] += entry["dead_lettered"]
    assert sums["records"] == count
    assert sums["dead_lettered"] == len(wanted.dead)
    assert sums["published"] + sums["duplicates"] + sums["irrelevant"] == len(wanted.articles)
    # Once for each text at each address at least; a text that comes back at its address counts again.
    assert sums["published"] >= len({article.id for article in wanted.relevant.values()})


def check_dead_letters(letters: Sequence[ConsumerRecord[Any, Any]], inputs: Sequence[Put], wanted: Expected) -> None:
    assert sorted(map(number_of, letters)) == sorted(wanted.dead)
    for letter in letters:
        put = inputs[number_of(letter)]
        assert letter.value == put.value
        assert letter.key == put.key
        about = DeadLetterHeaders.from_headers(letter.headers)
        assert about.reason is wanted.dead[number_of(letter)]
        assert about.message
        assert about.attempts == 1
        kept = [header for header in put.headers if not header[0].startswith("geonews.error.")]
        assert list(letter.headers[: len(kept)]) == kept


async def check_events(settings: Settings, wanted: Expected) -> None:
    events = await read_all(settings, settings.channels.events)
    by_id: dict[str, list[Article]] = {}
    for each in wanted.relevant.values():
        by_id.setdefault(each.id, []).append(each)
    texts: Counter[bytes] = Counter()
    channels: Counter[str] = Counter()
    for record in events:
        event = EnrichedEvent.model_validate_json(record.value)
        # Texts that differ in white space alone are one article, which is published as it came first.
        alike = by_id[event.id]
        article = next((each for each in alike if fits(event, each)), alike[0])
        texts[article.content_key] += 1
        channels.update(settings.channels.events_of(topic.topic) for topic in event.topics)
        assert record.key == event.id.encode()
        assert_headers(record, event)
        assert_clean(event)
        assert_evidence(event, article)
    assert set(texts) == {article.content_key for article in wanted.relevant.values()}
    assert set(texts.values()) == {1}, "one text was published twice"
    for channel, count in channels.items():
        assert len(await read_all(settings, channel)) == count


def assert_headers(record: ConsumerRecord[Any, Any], event: EnrichedEvent) -> None:
    headers = dict(record.headers)
    assert len(headers) == len(record.headers) == 9
    assert (headers["ce_specversion"], headers["ce_id"]) == (b"1.0", event.id.encode())
    assert (headers["ce_type"], headers["content-type"]) == (EVENT_TYPE.encode(), b"application/json")
    assert headers["ce_subject"] == event.canonical_url.encode("ascii")
    assert headers["ce_time"].endswith(b"Z")
    assert headers["ce_source"].endswith(b"/classify")
    assert headers["traceparent"][:36] == headers["ce_traceparent"][:36]


def assert_clean(event: EnrichedEvent) -> None:
    assert event.title
    for text in (event.title, event.summary, event.source.name, event.source.id):
        assert not list(_deceptive(text)), ascii(text)
        assert not any(f"<{opener}" in text for opener in "abceghilmopstuxyz/!?"), ascii(text)
    assert len(event.summary) <= 500
    assert event.url.isascii()
    assert event.url.isprintable()
    assert event.canonical_url.isascii()


def _deceptive(text: str) -> Iterator[str]:
    """Control characters, and what reorders text or has no width; joiners are letters' business."""
    for char in text:
        reorders = unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        if unicodedata.category(char) == "Cc" or reorders or char in "\u061c\u200b\u200e\u200f\u2060\ufeff":
            yield char


def fits(event: EnrichedEvent, article: Article) -> bool:
    """Whether all evidence stands in this article where the event says."""
    return all(
        getattr(article.document, evidence.field)[evidence.start : evidence.end] == evidence.text
        for topic in event.topics
        for evidence in topic.evidence
    )


def assert_evidence(event: EnrichedEvent, article: Article) -> None:
    for topic in event.topics:
        for evidence in topic.evidence:
            assert getattr(article.document, evidence.field)[evidence.start : evidence.end] == evidence.text
            assert len(evidence.text) < 500
            if evidence.field == "title":
                assert event.title[evidence.start : evidence.end] == evidence.text


async def test_header_names_that_are_no_utf8_stop_no_partition(settings: Settings) -> None:
    """Kafka takes them, and other consumers of the same partition's next records must not pay for it."""
    before, after = article(1), article(2)
    place = home(before["url"])
    odd = {"url": before["url"], "title": f"{before['title']}, amended", "text": before["text"]}
    await produce(settings, settings.channels.raw, [Put(orjson.dumps(before), partition=place)])
    for compression in (None, "lz4"):
        for value in (orjson.dumps(odd), b"nonsense"):
            names = [b"kept", b"\xff\xfe", b"\xed\xa0\x80"]
            await send_with_header_names(settings, Put(value, key=b"k", partition=place), names, compression)
    await produce(settings, settings.channels.raw, [Put(orjson.dumps(after), partition=n) for n in range(4)])
    async with running(settings) as health:
        report = await audit(settings, wait_seconds=60)
        assert health.reasons == {}
    assert report.is_clean, report.findings
    assert report.waiting == 0
    events = [EnrichedEvent.model_validate_json(e.value) for e in await read_all(settings, settings.channels.events)]
    assert sorted((event.canonical_url[-1], event.version) for event in events) == [("1", 1), ("1", 2), ("2", 1)]
    letters = await read_all(settings, settings.channels.dead_letters)
    assert [letter.value for letter in letters] == [b"nonsense"] * 2
    for letter in letters:
        assert [name for name, _ in letter.headers[:3]] == ["kept", "\\xff\\xfe", "\\xed\\xa0\\x80"]


async def send_with_header_names(settings: Settings, put: Put, names: list[bytes], compression: str | None) -> None:
    """Send a record with header names that no client lets through: they are put into the batch behind its back."""
    producer = AIOKafkaProducer(**client_options(settings), compression_type=None)
    await producer.start()
    try:
        batch = producer.create_batch()
        stand_ins = [bytes([65 + at]) * len(name) for at, name in enumerate(names)]
        batch.append(timestamp=None, key=put.key, value=put.value, headers=[(s.decode(), b"v") for s in stand_ins])
        built = bytes(batch._build())
        for stand_in, name in zip(stand_ins, names, strict=True):
            assert built.count(stand_in) == 1
            built = built.replace(stand_in, name)
        whole = bytearray(recompressed(built) if compression else built)
        whole[CHECKSUM] = struct.pack(">I", calc_crc32c(bytes(whole[CHECKSUM.stop :])))
        batch._buffer = whole
        await (await producer.send_batch(batch, settings.channels.raw, partition=put.partition))
    finally:
        await producer.stop()


def recompressed(built: bytes) -> bytes:
    """A record batch with its records compressed by LZ4 and its length set anew."""
    head, records = bytearray(built[:HEADER_BYTES]), lz4_encode(built[HEADER_BYTES:])
    head[ATTRIBUTES] |= LZ4
    head[LENGTH] = struct.pack(">i", HEADER_BYTES + len(records) - 12)
    return bytes(head + records)
