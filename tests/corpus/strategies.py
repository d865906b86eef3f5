"""Hypothesis strategies for raw records: JSON of every shape, articles with odd fields, articles with damaged bytes."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.corpus.ugly import DECORATIONS, FIELDS, MOMENTS, ODD_VALUES, TEXT, TITLE, URLS, dumps
from tests.kafka_tools import Put


def _one_of(choices: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of `choices`. Unlike `sampled_from`, its description does not spell out every megabyte of them."""
    return st.integers(0, len(choices) - 1).map(lambda at: choices[at])


_surrogates = st.text(st.characters(categories=["Lo", "Mn", "Cc", "Cf", "Cs", "Co", "Ll", "So"]), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _surrogates,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_surrogates, inner, max_size=3),
    max_leaves=6,
)
_ugly = _one_of(DECORATIONS) | _surrogates
_text = st.builds(
    lambda before, plain, after: f"{before}{plain}{after}",
    _ugly,
    st.sampled_from([TITLE, TEXT, "Village bakery"]),
    _ugly,
)
_url = st.builds(
    lambda host, number, tail: f"https://{host}hostile.example/g/{number}{tail}",
    st.sampled_from(["", "", "www.", "m.", "u:p@"]),
    st.integers(0, 2000),
    st.sampled_from(["", "", "/", "?utm_source=x", "/amp", "#x", "?b=1&a=2"]) | _surrogates,
)
_source = _ugly | st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "name", "domain", "country"), _ugly))
_extras = {
    "summary": _text,
    "source": _source,
    "published_at": _one_of(MOMENTS) | st.datetimes().map(lambda at: f"{at.isoformat()}+05:45"),
    "fetched_at": _one_of(MOMENTS),
    "language": st.sampled_from(["en", "uk", "zh-Hant", "pt_BR"]) | _surrogates,
    "authors": st.lists(_surrogates, max_size=2) | _surrogates,
}
_articles = st.fixed_dictionaries({"url": _url, "title": _text, "text": _text}, optional=_extras)
_spoiled = st.builds(
    lambda article, field, value: article | {field: value},
    _articles,
    _one_of(FIELDS),
    _json | _one_of(ODD_VALUES[:18]) | _one_of(URLS),
)


def _damaged(value: bytes, at: float, cut: int, put: bytes) -> bytes:
    place = int(at * len(value))
    return value[:place] + put + value[place + cut :]


def _utf8(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


_encoded = st.builds(lambda write, value: write(value), st.sampled_from([dumps, _utf8]), _articles | _spoiled)
values = st.one_of(
    _encoded,
    _encoded,
    st.builds(_damaged, _encoded, st.floats(0, 1), st.integers(0, 20), st.binary(max_size=4)),
    _json.map(dumps),
    st.binary(max_size=60),
    st.none(),
)
header_names = st.text(max_size=8) | st.sampled_from(["traceparent", "geonews.error.stage", "ce_id", "a" * 300])
headers = st.lists(st.tuples(header_names, st.none() | st.binary(max_size=8)), max_size=3)
records = st.builds(
    Put,
    value=values,
    key=st.none() | st.binary(max_size=8),
    headers=headers,
    partition=st.integers(0, 3),
    timestamp_ms=st.none() | st.sampled_from([0, 1, 1_600_000_000_000]),
)
