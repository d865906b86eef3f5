"""Words, phrases and stems of examples that a topic's terms are chosen from, and how people write them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from unicodedata import category

from app.classification.folding import SEPARATOR, fold
from app.classification.layout import Layout
from app.classification.topic_examples import TopicExample

_LONGEST: Final = 3  # words in a phrase
_FEWEST_LETTERS: Final = (4, 6)  # in a word, and in a phrase
_CHARACTERS: Final = range(2, 6)  # in a term of a script without spaces

# Apostrophes too: an article before a noun is no part of it. Vowel signs of Indian scripts are no letters to `re`.
_BREAK: Final = re.compile(rf"[^\w\s\u0900-\u0963\u0966-\u0dff]+|{SEPARATOR}")
# Hiragana left out: in Japanese it writes what stands between words that mean something.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u30a0-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_HIRAGANA: Final = re.compile("[\u3040-\u309f]+")
_COMMON: Final = 0.03  # share of a language's background from which a word may not begin or end a phrase


def candidates(examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> list[str]:
    """Words, phrases and stems that occur in two stories that belong, or in two that do not."""
    common = _common(background)
    stories: dict[tuple[bool, str], set[str]] = defaultdict(set)
    for example in examples:
        for text in _phrases(_folded(example), common):
            stories[example.belongs, text].add(example.story)
    return sorted({text for (_, text), found in stories.items() if len(found) >= 2})


def spellings(examples: Sequence[TopicExample]) -> dict[str, str]:
    """Folded words as people write them, in lower case."""
    found: dict[str, str] = {}
    for example in examples:
        for word in _BREAK.sub(" ", Layout(example.document).joined.lower()).split():
            found.setdefault(fold(word).text, word)
    return found


def spelt_out(term: str, spelt: Mapping[str, str]) -> str:
    """A term as people write it: what it is looked for by is its folded form, but they are to read and change it."""
    return " ".join(_word_spelt(word, spelt) for word in term.split())


def _word_spelt(word: str, spelt: Mapping[str, str]) -> str:
    stem = word.rstrip("*")
    whole = next((each for each in spelt if each.startswith(stem)), stem) if word != stem else stem
    written = spelt.get(whole, whole)
    # A stem is cut from a word whose letters are one for one those of its folded form; else it stays as it is.
    written = written[: len(stem)] if len(written) == len(whole) else stem
    return written + word[len(stem) :]


def _common(background: Sequence[TopicExample]) -> frozenset[str]:
    """Words that stand in many texts of some language."""
    sizes = Counter(each.language for each in background)
    counts = Counter((each.language, word) for each in background for word in set(_words(_folded(each))))
    return frozenset(word for (language, word), count in counts.items() if count >= max(3, _COMMON * sizes[language]))


def _folded(example: TopicExample) -> str:
    return fold(Layout(example.document).joined).text


def _words(text: str) -> list[str]:
    return _UNSPACED.sub(" ", _HIRAGANA.sub(" ", text)).split()


def _phrases(text: str, common: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _BREAK.split(text):
        for run in _UNSPACED.findall(chunk):
            found.update(run[at : at + size] for size in _CHARACTERS for at in range(len(run) - size + 1))
        words = _words(chunk)
        for size in range(1, _LONGEST + 1):
            for at in range(len(words) - size + 1):
                found.update(_forms(words[at : at + size], common))
    return found


def _is_word(word: str) -> bool:
    return all(char.isalpha() or category(char) in ("Mc", "Mn") for char in word)


def _forms(words: list[str], common: frozenset[str]) -> Iterator[str]:
    """A phrase as it stands, and as stems; nothing where it has figures in it, or begins or ends with any word."""
    if not all(map(_is_word, words)) or sum(map(len, words)) < _FEWEST_LETTERS[len(words) > 1]:
        return
    if words[0] in common or words[-1] in common:
        return
    yield " ".join(words)
    if len(words) == 1:
        yield from (f"{words[0][:-cut]}*" for cut in range(1, 4) if len(words[0]) - cut >= 5)
        yield f"{words[0]}*"
    else:
        yield " ".join(f"{word[:-2]}*" if len(word) >= 5 else word for word in words)
