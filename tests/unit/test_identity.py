"""Canonical URLs, normalised text and the fingerprints made of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.steps.identity import (
    KEY_BYTES,
    MIN_DISTINCTIVE_CHARS,
    article_keys,
    canonical_url,
    home_partition,
    normalised,
    url_key,
)

LONG = "The two governments signed the memorandum in Ottawa on Tuesday; tariffs on cars and batteries will fall soon."


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        # scheme, case, default page, trailing slash, fragment
        ("http://news.example/a", "https://news.example/a"),
        ("HTTPS://News.EXAMPLE/A/b", "https://news.example/A/b"),
        ("https://news.example", "https://news.example/"),
        ("https://news.example/a/", "https://news.example/a"),
        ("https://news.example/a/index.html", "https://news.example/a"),
        ("https://news.example/index.php?id=7", "https://news.example/?id=7"),
        ("https://news.example/a#comments", "https://news.example/a"),
        ("https://news.example/a/./b/../c", "https://news.example/a/c"),
        ("  https://news.example/a\n", "https://news.example/a"),
        ("https://news.example/a\n\tb", "https://news.example/ab"),
        ("https:\\\\news.example\\a", "https://news.example/a"),
        # hosts
        ("https://www.news.example/a", "https://news.example/a"),
        ("https://m.news.example/a", "https://news.example/a"),
        ("https://mobile.news.example/a", "https://news.example/a"),
        ("https://amp.news.example/a", "https://news.example/a"),
        ("https://m.www.news.example/a", "https://news.example/a"),
        ("https://amp.amp.news.example/a", "https://news.example/a"),
        ("https://m.com/a", "https://m.com/a"),
        ("https://mnews.example/a", "https://mnews.example/a"),
        ("https://news.example./a", "https://news.example/a"),
        ("https://m.news.example.:8080/a", "https://news.example:8080/a"),
        ("https://münchen.example/straße", "https://xn--mnchen-3ya.example/stra%C3%9Fe"),
        ("https://новости.example/мир", "https://xn--b1amnebsh.example/%D0%BC%D0%B8%D1%80"),
        ("https://ⓝews.example/", "https://news.example/"),
        ("http://user:secret@news.example/a", "https://news.example/a"),
        ("https://paypal.example@news.example/a", "https://news.example/a"),
        ("http://127.1/a", "https://127.0.0.1/a"),
        ("http://[2001:DB8:0:0::1]:80/a", "https://[2001:db8::1]/a"),
        ("http://[2001:db8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
        # ports
        ("http://news.example:80/a", "https://news.example/a"),
        ("https://news.example:443/a", "https://news.example/a"),
        ("http://news.example:443/a", "https://news.example/a"),
        ("https://news.example:8443/a", "https://news.example:8443/a"),
        # AMP
        ("https://news.example/a/amp/", "https://news.example/a"),
        ("https://news.example/amp/a", "https://news.example/a"),
        ("https://news.example/a.amp", "https://news.example/a"),
        ("https://news.example/a.amp.html", "https://news.example/a.html"),
        ("https://news.example/a/amp/index.html", "https://news.example/a"),
        ("https://news.example/a?amp", "https://news.example/a"),
        ("https://news.example/a?amp=1&outputType=amp", "https://news.example/a"),
        ("https://news.example/a?amp=42", "https://news.example/a?amp=42"),
        ("https://news.example/amp", "https://news.example/amp"),
        ("https://news.example/amplifier", "https://news.example/amplifier"),
        ("https://news.example/lamp", "https://news.example/lamp"),
        # parameters
        ("https://news.example/a?utm_source=x&UTM_Medium=y&fbclid=z", "https://news.example/a"),
        ("https://news.example/a?b=2&a=1", "https://news.example/a?a=1&b=2"),
        ("https://news.example/a?a=2&a=1", "https://news.example/a?a=1&a=2"),
        ("https://news.example/a?id=7&gclid=x", "https://news.example/a?id=7"),
        ("https://news.example/a?utmost=1", "https://news.example/a?utmost=1"),
        ("https://news.example/a?&&", "https://news.example/a"),
        ("https://news.example/a?=x&b", "https://news.example/a?b"),
        ("https://news.example/a?q=<b>", "https://news.example/a?q=%3Cb%3E"),
    ],
)
def test_all_forms_of_a_page_meet(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/a",
        "/a",
        "ftp://news.example/a",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,hello",
        "https://",
        "https://?q",
        "https://./a",
        "https://news..example/",
        "https://.example/",
        "https://intranet/a",
        "https://intranet:8080/a",
        "https://news.example:99999/",
        "https://[::1/",
        "https://exa mple.com/",
        "https://xn--/",
        "https://1.2.3.4.5/",
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the URL parser's
        canonical_url(url)


_label = st.text("abcmw", min_size=1, max_size=3)
_host = st.lists(st.sampled_from(["www", "m", "amp", "mobile"]) | _label, min_size=2, max_size=5).map(".".join)
_path = st.lists(st.sampled_from(["a", "amp", "index.html", "b.amp", "index.php", "", ".."]), max_size=6).map("/".join)
_query = st.lists(st.sampled_from(["a=1", "b", "amp", "utm_x=1", "", "=", "c=%20", "ü=ö"]), max_size=5).map("&".join)
_port = st.sampled_from(["", ":80", ":443", ":8080", ".", ".:80"])


@given(_host, _port, _path, _query)
def test_a_canonical_url_is_its_own(host: str, port: str, path: str, query: str) -> None:
    once = canonical_url(f"http://{host}{port}/{path}?{query}#f")
    assert canonical_url(once) == once


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    for url in (text, f"https://{text}", f"https://news.example/{text}"):
        try:
            once = canonical_url(url)
        except ValueError:
            continue
        assert once.startswith("https://")
        assert once.isascii()
        assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("Canada & Korea: a deal!", "canada korea a deal"),
        ("  Canada,\nKorea — «a»  deal", "canada korea a deal"),
        ("STRASSE Straße", "strasse strasse"),
        ("ﬁne ２０２６ ①", "fine 2026 1"),
        ("Жовті ВОДИ", "жовті води"),
        ("e\u0301tat état", "état état"),
        ("U.S. trade_deal", "u s trade_deal"),
        ("!?…", ""),
        ("中国和韩国。", "中国和韩国"),
    ],
)
def test_text_is_compared_without_case_punctuation_and_spacing(text: str, compared: str) -> None:
    assert normalised(text) == compared


def test_ids_never_change() -> None:
    """A consumer keeps ids for years: a change of any of these literals is a breach of the contract."""
    canonical = "https://news.example/canada-korea"
    identity, content = article_keys(canonical, "Canada and Korea sign", LONG)
    assert identity == "c2fa33a7900e404fd9c637a41400d19f"
    assert content.hex() == "1c06b9c700aeb8025fe9880e51e227c2"
    assert url_key(canonical).hex() == "a945477eb1256a7adc1f6a32988dfd8d"
    assert article_keys(canonical, "Live updates", "")[0] == "d9c948f00a9da6fdfca9afebc2c390cd"
    assert article_keys(canonical, "Live updates", "")[1].hex() == "bb1b17269496c1dfbbbd7a2e401a9a2d"
    assert article_keys("https://news.example/", "Київ", "Угоду підписано")[0] == "77027ee697041d76701baab1a889b5fd"
    assert [home_partition(url_key(canonical), n) for n in (1, 4, 8, 12)] == [0, 2, 6, 6]


def test_a_long_text_has_one_fingerprint_wherever_it_stands() -> None:
    ids, contents = zip(*(article_keys(f"https://{host}.example/", "T", LONG) for host in "ab"), strict=True)
    assert len(set(ids)) == 2
    assert len(set(contents)) == 1
    assert len(contents[0]) == KEY_BYTES


def test_a_short_text_is_only_the_same_at_the_same_address() -> None:
    contents = {article_keys(f"https://{host}.example/", "Live updates", "")[1] for host in "ab"}
    assert len(contents) == 2


@pytest.mark.parametrize(("length", "distinct"), [(MIN_DISTINCTIVE_CHARS - 1, 2), (MIN_DISTINCTIVE_CHARS, 1)])
def test_where_a_text_begins_to_identify_an_article(length: int, distinct: int) -> None:
    title, body = "x" * 30, "y" * (length - 30)
    assert len({article_keys(f"https://{host}.example/", title, body)[1] for host in "ab"}) == distinct


def test_punctuation_and_case_do_not_make_another_article() -> None:
    assert article_keys("https://a.example/", "Deal!", LONG) == article_keys("https://a.example/", "DEAL", LONG.upper())


def test_title_and_body_are_not_run_together() -> None:
    url = "https://a.example/"
    assert article_keys(url, "a b", LONG) != article_keys(url, "a", f"b {LONG}")


@given(st.binary(min_size=16, max_size=16), st.integers(1, 10_000))
def test_every_key_has_a_home(key: bytes, partitions: int) -> None:
    assert 0 <= home_partition(key, partitions) < partitions
