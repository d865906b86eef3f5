"""GDELT's names of languages and countries as codes."""

from functools import lru_cache
from typing import Final

import pycountry

_LANGUAGES: Final = {"chinese": "zh", "greek": "el", "norwegian": "no", "persian": "fa", "bengali": "bn", "malay": "ms"}
_COUNTRIES: Final = {
    "russia": "RU",
    "south korea": "KR",
    "north korea": "KP",
    "turkey": "TR",
    "iran": "IR",
    "syria": "SY",
}


@lru_cache(maxsize=512)
def language_code(name: str | None) -> str | None:
    """ISO 639 code of a language named in English, or given as one of its codes; None for what is none."""
    folded = name.strip().lower() if isinstance(name, str) else ""
    if folded in _LANGUAGES:
        return _LANGUAGES[folded]
    try:
        found = pycountry.languages.lookup(folded) if folded else None
    except LookupError:
        return None
    return str(getattr(found, "alpha_2", None) or found.alpha_3) if found else None


@lru_cache(maxsize=512)
def country_code(name: str | None) -> str | None:
    """ISO 3166-1 alpha-2 code of a country named in English; None for what is none."""
    folded = name.strip().lower() if isinstance(name, str) else ""
    if folded in _COUNTRIES:
        return _COUNTRIES[folded]
    try:
        return str(pycountry.countries.lookup(folded).alpha_2) if folded else None
    except LookupError:
        return None
