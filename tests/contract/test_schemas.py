"""The generated contract is fresh, well formed, and says what the code does."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.delivery.ledger import ledger_entry
from app.generated import Stale, check, differing, write
from app.pipeline import ClassifyPath
from app.steps.candidates import unpack
from app.steps.memory import Memory, Pending
from app.steps.outgoing import Decided, Outgoing
from app.steps.records import Inbound
from app.steps.route import route
from app.steps.sectors import SECTORS
from schemas.article import RawArticle
from schemas.channels import Channels
from schemas.export import ASYNCAPI, GENERATED, MODELS, REMEDY, documents
from tests.corpus.ugly import MOMENTS, ODD_VALUES, URLS, article

TOPICS = load_taxonomy(None).topic_ids
DOCUMENTS = documents(TOPICS)
ASYNC: dict[str, Any] = json.loads(DOCUMENTS[ASYNCAPI])
NOW = datetime(2026, 1, 20, tzinfo=UTC)


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(DOCUMENTS[f"{name}.schema.json"]), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def decoded(out: Outgoing) -> dict[str, str]:
    return {name: value.decode() for name, value in out.headers}


@pytest.fixture(scope="module")
def decided() -> Decided:
    """What the sample of two articles, relevant and broken, leads to."""
    path = ClassifyPath(Channels(), build_classifier("lexicon", load_taxonomy(None)), 1)
    values = [orjson.dumps(article(1, published_at="2026-01-20T10:00:00Z", language="en")), b"nonsense"]
    records = [Inbound("geonews.raw.v1", 0, at, 0, None, value) for at, value in enumerate(values)]
    return path.decide(records, Pending(Memory(1000, 1000)), NOW)


def test_generated_files_are_fresh() -> None:
    check(DOCUMENTS, GENERATED, REMEDY)
    assert {file.name for file in GENERATED.iterdir()} == set(DOCUMENTS), "a file there is made by nothing"


def test_a_stale_file_is_found_and_the_remedy_named(tmp_path: Any) -> None:
    assert write(DOCUMENTS, tmp_path) == list(DOCUMENTS)
    assert write(DOCUMENTS, tmp_path) == []
    (tmp_path / ASYNCAPI).write_text("{}")
    assert differing(DOCUMENTS, tmp_path) == [ASYNCAPI]
    with pytest.raises(Stale, match=f"asyncapi.json; renew with: {REMEDY}"):
        check(DOCUMENTS, tmp_path, REMEDY)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != ASYNCAPI])
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(DOCUMENTS[name]))


def test_the_page_takes_the_sectors_from_the_schema() -> None:
    """`web/scripts/generate.mjs` makes its list of these examples at each build; no source has a list of its own."""
    items = json.loads((GENERATED / "enriched-event.schema.json").read_text("utf-8"))["properties"]["sectors"]["items"]
    assert items == {"type": "string", "examples": list(SECTORS)}, f"renew with: {REMEDY}"
    web = GENERATED.parents[1] / "web"
    assert "properties.sectors.items.examples" in (web / "scripts" / "generate.mjs").read_text("utf-8")
    sources = [file for file in (web / "src").rglob("*.ts*") if "generated" not in file.parts]
    assert any('from "../generated/sectors"' in file.read_text("utf-8") for file in sources)
    assert [file.name for file in sources if '"critical-minerals"' in file.read_text("utf-8")] == []


def test_an_event_keeps_its_schema(decided: Decided) -> None:
    [candidate] = [
        c for out in decided.outgoing if out.topic.endswith("candidates.v1") for c in unpack(out.value or b"")
    ]
    schema("enriched-event").validate(candidate.event)
    for out in route(candidate.event, candidate.origin, Channels()):
        schema("event-headers").validate(decoded(out))
        assert set(decoded(out)) == set(json.loads(DOCUMENTS["event-headers.schema.json"])["properties"])


def test_a_dead_letter_keeps_its_schema(decided: Decided) -> None:
    [letter] = [out for out in decided.outgoing if out.topic.endswith("dead-letters.v1")]
    schema("dead-letter-headers").validate(decoded(letter))
    assert not schema("dead-letter-headers").is_valid(decoded(letter) | {"geonews.error.reason": "bad luck"})


def test_a_ledger_record_keeps_its_schema(decided: Decided) -> None:
    out = ledger_entry("geonews.ledger.v1", "geonews.raw.v1", 0, (0, 2), decided, NOW)
    schema("ledger-record").validate(orjson.loads(out.value or b""))


def test_the_samples_keep_the_schema_of_raw_articles() -> None:
    rows = (GENERATED.parents[1] / "samples" / "articles.jsonl").read_bytes().splitlines()
    for row in rows:
        schema("raw-article").validate(orjson.loads(row))


_field = st.sampled_from(list(RawArticle.model_fields))
_value = st.sampled_from([v for v in (*ODD_VALUES, *MOMENTS, *URLS) if len(str(v)) < 3000]) | st.text(max_size=20)


@given(st.dictionaries(_field, _value, max_size=3), st.sets(_field, max_size=2))
def test_what_the_schema_allows_the_code_takes(spoiled: dict[str, Any], missing: set[str]) -> None:
    """The other way round the code is kinder: it trims, and takes numbers for times."""
    given_ = {name: value for name, value in (article(1) | spoiled).items() if name not in missing}
    dated = any(name in given_ for name in ("published_at", "fetched_at"))  # jsonschema knows dates only with an extra
    if not dated and schema("raw-article").is_valid(given_):
        RawArticle.model_validate(given_)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"url": "javascript:1"},
        {"url": None},
        {"title": " ", "text": ""},
        {"title": 1},
        {"language": "a b"},
        {"source": 1},
    ],
)
def test_what_the_code_refuses_the_schema_forbids(spoiled: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RawArticle.model_validate(article(1) | spoiled)
    assert not schema("raw-article").is_valid(article(1) | spoiled)


def test_every_public_channel_is_described() -> None:
    public = [channel for channel in Channels().all(TOPICS) if channel.public]
    assert list(ASYNC["channels"]) == [channel.name for channel in public]
    assert len(ASYNC["operations"]) == len(public)
    actions = {operation["channel"]["$ref"]: operation["action"] for operation in ASYNC["operations"].values()}
    assert [ref for ref, action in actions.items() if action == "receive"] == ["#/channels/geonews.raw.v1"]


def test_every_value_but_a_dead_letter_has_a_model() -> None:
    without = {name for name, message in ASYNC["components"]["messages"].items() if "payload" not in message}
    assert without == {"DeadLetter"}, "add the new model to schemas.export.MODELS"
    assert {model.__name__ for model in MODELS} <= set(ASYNC["components"]["schemas"])


def test_every_reference_leads_somewhere() -> None:
    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(ref := node.get("$ref"), str):
                target: Any = ASYNC
                for part in ref.removeprefix("#/").split("/"):
                    target = target[part]
            for child in node.values():
                follow(child)
        elif isinstance(node, list):
            for child in node:
                follow(child)

    follow(ASYNC)
