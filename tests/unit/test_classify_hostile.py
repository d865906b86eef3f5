"""`geonews classify` on hostile lines: one answer a line, in order, each either topics or an error."""

import io
from typing import Any

import orjson
import pytest

from app.classification.base import Classifier
from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.cli.classify import _batches, answer
from schemas.dead_letter import ARTICLE_REASONS
from tests.corpus.mutations import mutated
from tests.corpus.ugly import values


@pytest.fixture(scope="module")
def lexicon() -> Classifier:
    return build_classifier("lexicon", load_taxonomy(None))


def answers(stream: bytes, classifier: Classifier) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch, _ in _batches(io.BytesIO(stream)):
        lines, rejected = answer(batch, classifier)
        parsed = [orjson.loads(line) for line in lines.splitlines()]
        assert len(parsed) == len(batch)
        assert sum("error" in one for one in parsed) == rejected
        for (number, _), one in zip(batch, parsed, strict=True):
            assert one.get("line", number) == number
        found += parsed
    return found


def test_every_line_is_answered(lexicon: Classifier) -> None:
    lines = [value for value in values() if value and b"\n" not in value and not value.isspace()]
    lines += [put.value for put in mutated(1000, 7) if put.value and b"\n" not in put.value and not put.value.isspace()]
    found = answers(b"\n".join(lines), lexicon)
    assert len(found) == len(lines)
    reasons = {one["error"]["reason"] for one in found if "error" in one}
    assert reasons == {reason.value for reason in ARTICLE_REASONS} - {"empty-value"}
    assert sum(bool(one.get("topics")) for one in found) > 500


@pytest.mark.parametrize("stream", [b"", b"\n", b"\n\n  \n\t\n", b"\r\n"])
def test_lines_of_nothing_are_no_lines(stream: bytes, lexicon: Classifier) -> None:
    assert answers(stream, lexicon) == []
