"""What makes two articles the same: canonical URLs, normalised text, and the fingerprints made of them."""

import re
import unicodedata
from hashlib import blake2b
from typing import Final

from ada_url import normalize_url

# Below this many characters a text ("Live updates") says too little to identify an article on its own: its
# fingerprint then includes the address.
MIN_DISTINCTIVE_CHARS: Final = 80
KEY_BYTES: Final = 16

# fmt: off
_TRACKING: Final = frozenset(
    {
        "__twitter_impression", "_hsenc", "_hsmi", "amp_gsa", "amp_js_v", "at_bbc_team", "at_campaign",
        "at_custom1", "at_custom2", "at_custom3", "at_custom4", "at_format", "at_link_id", "at_link_origin",
        "at_link_type", "at_medium", "at_ptr_name", "cmp", "cmpid", "dclid", "echobox", "fbclid", "feature_id",
        "gbraid", "gclid", "guccounter", "guce_referrer", "guce_referrer_sig", "icid", "igsh", "igshid",
        "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "ncid", "ocid", "oly_anon_id", "oly_enc_id",
        "outputtype", "partner_id", "ref_src", "ref_url", "rss", "s_cid", "smid", "smtyp", "soc_src", "soc_trk",
        "sref", "taid", "tpcc", "trackid", "traffic_source", "ttclid", "twclid", "usqp", "vero_id", "wbraid",
        "wt.mc", "wt_mc", "xtor", "yclid"
    }
)
# fmt: on
_TRACKING_PREFIXES: Final = ("utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "ga_", "aff_")
_AMP_VALUES: Final = frozenset({"", "1", "true", "amp"})
_MOBILE_HOSTS: Final = ("www.", "m.", "mobile.", "amp.")
_AMP_PATH: Final = re.compile(r"(?<=.)(?:/amp|\.amp)(?=$|\.html?$)|^/amp(?=/.)", re.IGNORECASE)
_DEFAULT_PAGE: Final = re.compile(r"/index\.(?:html?|php)$", re.IGNORECASE)
_PARTS: Final = re.compile(
    r"https?://(?:[^/?#]*@)?(?P<host>\[[^]]*\]|[^/?#:]+)(?P<port>:\d*)?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?",
    re.IGNORECASE,
)


def canonical_url(url: str) -> str:
    """The address under which all forms of one page meet, always `https://host/path[?query]`.

    Parsed by the WHATWG URL standard (ada); then host without www., m., amp. and trailing dot, no usual port, no AMP
    path or parameter, no tracking parameters, no fragment, no credentials, query sorted. A canonical URL is its own
    canonical URL. Raises ValueError when there is no host or it is no URL.
    """
    match = _PARTS.fullmatch(normalize_url(url.strip()).partition("#")[0])
    if match is None:
        raise ValueError("not an http or https address")
    host, port, path, query = match.group("host", "port", "path", "query")
    # The scheme becomes https, whose usual port is another than http's: neither says anything about the page.
    port = "" if port in (None, ":80", ":443") else port
    path = _canonical_path(path)
    kept = "&".join(sorted(filter(_is_content, query.split("&")))) if query else ""
    return f"https://{_canonical_host(host)}{port}{path or '/'}{'?' + kept if kept else ''}"


def _canonical_host(host: str) -> str:
    host = host.rstrip(".")
    # "m.com" itself is a host, not a mobile form of "com".
    while host.startswith(_MOBILE_HOSTS) and host.count(".") > 1:
        host = host.partition(".")[2]
    if not host.startswith("[") and host != "localhost" and ("." not in host or not all(host.split("."))):
        raise ValueError(f"no host in {host!r}")
    return host


def _canonical_path(path: str) -> str:
    while (shorter := _DEFAULT_PAGE.sub("/", _AMP_PATH.sub("", path.rstrip("/"))).rstrip("/")) != path:
        path = shorter
    return path


def _is_content(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    if name == "amp":
        return value.lower() not in _AMP_VALUES
    return bool(name) and name not in _TRACKING and not name.startswith(_TRACKING_PREFIXES)


def normalised(text: str) -> str:
    """`text` as compared: NFKC, case folded, punctuation and white space reduced to single spaces."""
    if text.isascii():  # the same result, several times as fast
        return " ".join(text.lower().translate(_ASCII_WORDLESS).split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORDLESS.sub(" ", folded).split())


_WORDLESS: Final = re.compile(r"[^\w\s]+")
_ASCII_WORDLESS: Final = {code: " " for code in range(128) if _WORDLESS.match(chr(code))}


def _digest(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def url_key(canonical: str) -> bytes:
    """16 bytes that identify a canonical URL."""
    return _digest(canonical)


def article_keys(canonical: str, title: str, body: str) -> tuple[str, bytes]:
    """(`id`, `content_key`): 32 hex digits for URL and text together, 16 bytes for the text alone."""
    title, body = normalised(title), normalised(body)
    distinctive = len(title) + len(body) >= MIN_DISTINCTIVE_CHARS
    content = _digest(title, body) if distinctive else _digest(title, body, canonical)
    return _digest(canonical, title, body).hex(), content


def home_partition(key: bytes, partitions: int) -> int:
    """The one partition, of `partitions`, on which everything with this key is processed."""
    return int.from_bytes(key[:4], "big") % partitions
