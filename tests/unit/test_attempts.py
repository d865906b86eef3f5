"""A batch that fails is tried record by record: only the guilty one goes to the dead letters."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.base import Document, Verdict
from app.delivery.attempts import decide
from app.errors import ClassifierDown
from app.pipeline import ClassifyPath, RoutePath
from app.steps.memory import Entry, Memory, Pending
from app.steps.outgoing import Decided, Outcome
from app.steps.records import Inbound
from schemas.channels import Channels
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage
from tests.unit.articles import NOW, NOW_MS, WordClassifier, inbound, raw

CHANNELS = Channels()
LETTERS = CHANNELS.dead_letters


def memory() -> Pending:
    return Pending(Memory(86_400_000, 10_000))


def path(classifier: WordClassifier | None = None) -> ClassifyPath:
    return ClassifyPath(CHANNELS, classifier or WordClassifier(), 1)


def letters(decided: Decided) -> list[DeadLetterHeaders]:
    return [DeadLetterHeaders.from_headers(out.headers) for out in decided.outgoing if out.topic == LETTERS]


def test_a_batch_that_succeeds_is_decided_once() -> None:
    seen = memory()
    decided = decide(path(), [inbound(raw("a")), inbound(raw("b"))], seen, NOW, LETTERS)
    assert decided.outcomes == {Outcome.PUBLISHED: 2}
    assert len(seen.entries) == 2


def test_a_poisoned_record_goes_alone() -> None:
    seen = memory()
    poison = inbound(raw("p", title="poison deal"), key=b"its key")
    batch = [inbound(raw("a")), poison, inbound(raw("a")), inbound(b"nonsense"), inbound(raw("b"))]
    decided = decide(path(), batch, seen, NOW, LETTERS)
    assert decided.outcomes == {Outcome.PUBLISHED: 2, Outcome.DUPLICATE: 1, Outcome.DEAD_LETTERED: 2}
    assert len(seen.entries) == 2, "of the poisoned record nothing is remembered"
    [letter] = [out for out in decided.outgoing if out.key == b"its key"]
    assert letter.value == poison.value
    [about, other] = letters(decided)
    assert (about.stage, about.reason, about.attempts) == (Stage.CLASSIFY, Reason.STEP_FAILED, 2)
    assert (about.error_class, about.offset) == ("RuntimeError", poison.offset)
    assert "cannot classify" in about.message
    assert (other.reason, other.attempts) == (Reason.NOT_JSON, 1)


def test_what_was_replayed_after_a_defect_was_mended_is_new() -> None:
    seen, poison = memory(), raw("p", title="poison deal")
    decide(path(), [inbound(poison)], seen, NOW, LETTERS)
    mended = WordClassifier()
    mended.classify = lambda documents: WordClassifier().classify(  # type: ignore[method-assign]
        [type(document)("deal", "", document.text) for document in documents]
    )
    assert decide(path(mended), [inbound(poison)], seen, NOW, LETTERS).outcomes == {Outcome.PUBLISHED: 1}


def test_a_classifier_that_is_down_is_no_records_fault() -> None:
    classifier, seen = WordClassifier(), memory()
    decide(path(classifier), [inbound(raw("before"))], seen, NOW, LETTERS)
    known = list(seen.entries)
    classifier.is_broken = True
    with pytest.raises(ClassifierDown, match="cannot classify"):
        decide(path(classifier), [inbound(raw("a")), inbound(raw("b"))], seen, NOW, LETTERS)
    assert seen.entries == known
    classifier.is_broken = False
    assert decide(path(classifier), [inbound(raw("a"))], seen, NOW, LETTERS).outcomes == {Outcome.PUBLISHED: 1}


def test_a_classifier_that_answers_too_little_is_found_out() -> None:
    """An answer for every document in the wrong number would shift every verdict to another article."""

    class Forgetful(WordClassifier):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            return super().classify(documents)[:-1]

    with pytest.raises(ClassifierDown, match="answered 0 times for 1 articles"):
        decide(path(Forgetful()), [inbound(raw("a"))], memory(), NOW, LETTERS)


def test_a_foreign_record_among_candidates_goes_alone() -> None:
    classified = decide(path(), [inbound(raw("a")), inbound(raw("b"))], memory(), NOW, LETTERS)
    batch = [inbound(b"nonsense"), *(inbound(out.value) for out in classified.outgoing), inbound(None)]
    decided = decide(RoutePath(CHANNELS), batch, memory(), NOW, LETTERS)
    assert decided.outcomes == {Outcome.PUBLISHED: 2, Outcome.DEAD_LETTERED: 2}
    assert {about.stage for about in letters(decided)} == {Stage.ROUTE}


class Scripted:
    """A path that remembers what its records name, and fails where they say so, after it has remembered."""

    stage = Stage.ENRICH
    payload_bytes = 1

    def decide(self, records: Sequence[Inbound], memory: Pending, now: datetime) -> Decided:
        decided = Decided()
        for record in records:
            value = record.value or b""
            if memory.get(value[:1] * 16):
                decided.outcomes[Outcome.DUPLICATE] += 1
                continue
            memory.put(Entry(value[:1] * 16, b"1", NOW_MS))
            if value.endswith(b"!"):
                raise ZeroDivisionError(value)
            decided.outcomes[Outcome.PUBLISHED] += 1
        return decided

    def is_up(self) -> bool:
        return True


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"a!", b"b!", b"c!"]), max_size=20))
def test_outcomes_and_memory_are_those_of_the_records_that_succeed(values: list[bytes]) -> None:
    seen = memory()
    decided = decide(Scripted(), [inbound(value) for value in values], seen, NOW, LETTERS)
    expected, names = 0, set[bytes]()
    for value in values:
        if value[:1] in names:
            continue
        if value.endswith(b"!"):
            expected += 1
        else:
            names.add(value[:1])
    assert sum(decided.outcomes.values()) == len(values)
    assert decided.outcomes[Outcome.DEAD_LETTERED] == expected
    assert decided.outcomes[Outcome.PUBLISHED] == len(names)
    assert {entry.key[:1] for entry in seen.entries} == names
