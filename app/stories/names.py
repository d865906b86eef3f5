"""Names as their consonants: one spelling for Zelenskyy, Зеленський, زيلينسكي, ゼレンスキー and 젤렌스키.

What languages keep of a foreign name are its consonants, and of these only the class: l and r are one in Japanese, p
and b in Arabic, v and w everywhere. A skeleton is a hint, not an identity: short ones are common, and weigh little.
"""

import re
from functools import lru_cache
from typing import Final

from anyascii import anyascii

# Where `ch` is a k, where `j` is a vowel; elsewhere both are sibilants.
_HARD_CH: Final = frozenset(("de", "pl", "cs", "sk", "nl", "it"))
_SOFT_J: Final = frozenset(("de", "pl", "cs", "sk", "nl", "sv", "no", "da", "fi", "hu", "sr", "hr", "et", "lv", "lt"))
_SIBILANTS: Final = re.compile("tsch|tch|shch|sch|sh|zh|cz|sz|dzh|dj|dz|ts|tz")
_SOFT_C: Final = re.compile("c(?=[eiy])")
_CLASSES: Final = str.maketrans(
    {
        **dict.fromkeys("szxj", "s"),
        **dict.fromkeys("kgqc", "k"),
        **dict.fromkeys("lr", "r"),
        **dict.fromkeys("mn", "n"),
        **dict.fromkeys("td", "t"),
        **dict.fromkeys("pb", "p"),
        **dict.fromkeys("fvw", "f"),
        **dict.fromkeys("aeiouyh", ""),
    }
)
_REPEATED: Final = re.compile(r"(.)\1+")
_OTHER: Final = re.compile("[^a-z]+")


@lru_cache(maxsize=65_536)
def skeleton(word: str, language: str | None) -> str:
    """The consonant classes of one word in any script; with a leading `a` where it begins with a vowel."""
    if word.startswith("ال") and len(word) > 5:
        word = word[2:]
    if language == "uk":
        word = word.replace("г", "h").replace("Г", "h")
    latin = _OTHER.sub("", anyascii(word).lower())
    begins = "a" if latin[:1] in tuple("aeiou") else ""
    latin = latin.replace("ch", "k" if language in _HARD_CH else "s").replace("kh", "k").replace("ph", "f")
    if language in _SOFT_J:
        latin = latin.replace("j", "")
    latin = _SIBILANTS.sub("s", latin)
    return begins + _REPEATED.sub(r"\1", _SOFT_C.sub("s", latin).translate(_CLASSES))
