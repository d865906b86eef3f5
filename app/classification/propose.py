"""Terms and rules for a new topic, proposed from examples: what they say, and other texts do not.

Candidates are words, phrases and stems of at least two examples. The real matcher counts in which texts each occurs;
a z-score of the log-odds ratio, examples against the background in the same language, says which are no chance find.
Logistic regression over those then says how much each counts beside the others.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from unicodedata import category

import numpy as np

from app.classification.folding import SEPARATOR, fold
from app.classification.layout import Layout
from app.classification.lexicon import LexiconClassifier
from app.classification.taxonomy import Rule, Taxonomy, Term, Terms, Topic
from app.classification.topic_examples import TopicExample
from app.classification.training.decide import logistic

FEWEST_BACKGROUND: Final = 10  # texts in a language, below which its everyday words look special
SURE: Final = 2.0  # z-score from which a term is looked at
UNUSUAL: Final = 0.1  # share of the background that a term may occur in
MOST: Final = 25  # terms in a group, in each language
HEAVIER: Final = 3.0  # how much more an example counts than a background text
REACH: Final = 0.5  # how far weights of terms may go: `logistic` draws them towards 0
STEP: Final = 0.05  # of weights
LEAST: Final = 0.1  # weight, below which a term is not worth a line
_SPAN: Final = 10.0  # log-odds of all the terms that a text needs: their weights then add up to 1
_LONGEST: Final = 3  # words in a phrase
_FEWEST_LETTERS: Final = (4, 6)  # in a word, and in a phrase
_CHARACTERS: Final = range(2, 6)  # in a term of a script without spaces
# Languages that change the ends of their words so much that of two equal candidates the stem is the better one.
_INFLECTED: Final = frozenset(
    ["be", "bg", "cs", "el", "et", "fi", "hr", "hu", "lt", "lv", "mk", "pl", "ro", "ru", "sk", "sl", "sr", "tr", "uk"]
)

# Apostrophes too: an article before a noun is no part of it. Vowel signs of Indian scripts are no letters to `re`.
_BREAK: Final = re.compile(rf"[^\w\s\u0900-\u0963\u0966-\u0dff]+|{SEPARATOR}")
# Hiragana left out: in Japanese it writes what stands between words that mean something.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u30a0-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_HIRAGANA: Final = re.compile("[\u3040-\u309f]+")
_COMMON: Final = 0.03  # share of a language's background from which a word may not begin or end a phrase

RULES: Final = (
    Rule(id="signs", all=["signs"], points=_SPAN),
    Rule(id="against", all=["against"], points=-_SPAN / 2),
)
INTERCEPT: Final = -5.0


@dataclass(slots=True)
class Proposal:
    """Groups of terms by language, and the rules over those groups that have any."""

    groups: dict[str, Terms] = field(default_factory=dict)

    @property
    def rules(self) -> list[Rule]:
        """RULES, less those that nothing can fire."""
        return [rule for rule in RULES if set(rule.all) <= self.groups.keys()]

    def topic(self, topic_id: str, name: str, description: str) -> Topic:
        """As the taxonomy has it, with points that no data has corrected."""
        # A topic without any terms is the model's alone; its one rule then waits for somebody to write terms.
        rules = self.rules or [Rule(id="signs", all=["signs"], points=3)]
        groups: dict[str, Terms] = self.groups if self.rules else {"signs": {}}
        return Topic(id=topic_id, name=name, description=description, intercept=INTERCEPT, groups=groups, rules=rules)


@dataclass(slots=True)
class _Candidate:
    """A term and where it occurs: stories of examples by language, negatives, background by language."""

    text: str
    yes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    no: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    elsewhere: Counter[str] = field(default_factory=Counter)
    texts: list[int] = field(default_factory=list)

    def stories(self, of: Mapping[str, set[str]]) -> set[str]:
        """All of them together."""
        return set().union(*of.values())


class _Kept(NamedTuple):
    """A candidate that is no chance find, the language it is listed under, and how sure that is."""

    candidate: _Candidate
    language: str
    z: float
    stories: set[str]


def propose(examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> Proposal:
    """Terms for and against, by language. Languages with too little background get none; `thin` says which."""
    found = _counted(_candidates(examples, background), examples, background)
    sizes = _Sizes(examples, background)
    kept = [*_best(_surely(found, sizes, belongs=True)), *_best(_surely(found, sizes, belongs=False))]
    spelt = _spellings(examples)
    proposal = Proposal()
    for group, one, size in _weighed(kept, examples, len(background)):
        if (weight := round(size / STEP) * STEP) >= LEAST:
            term = Term(text=_spelt(one.candidate.text, spelt), weight=round(min(1.0, weight), 2))
            proposal.groups.setdefault(group, {}).setdefault(one.language, []).append(term)
    return proposal


def _weighed(
    kept: Sequence[_Kept], examples: Sequence[TopicExample], background: int
) -> Iterator[tuple[str, _Kept, float]]:
    """Each term's group and weight, heaviest first: its part in telling examples from all other texts."""
    if not kept:
        return
    count = len(examples) + background
    rows = np.zeros((count, 1 + len(kept)))
    rows[:, 0] = 1.0
    for at, one in enumerate(kept, 1):
        rows[one.candidate.texts, at] = REACH
    truth = np.array([each.belongs for each in examples] + [False] * background)
    counts = np.where(np.arange(count) < len(examples), HEAVIER, 1.0)
    # Most of the background has none of the terms: one row stands for all of it.
    bare = (np.arange(count) >= len(examples)) & ~rows[:, 1:].any(1)
    if bare.any():
        counts[np.argmax(bare)] = bare.sum()
        bare[np.argmax(bare)] = False
        rows, truth, counts = rows[~bare], truth[~bare], counts[~bare]
    found = logistic(rows, truth, counts, np.array([INTERCEPT, *[0.0] * len(kept)]))[1:] * REACH / _SPAN
    for at in np.argsort(-np.abs(found), kind="stable"):
        yield "signs" if found[at] > 0 else "against", kept[at], abs(float(found[at]))


def thin(examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> list[str]:
    """Languages of examples for which no terms can be proposed: they have one example, or too little background."""
    sizes = _Sizes(examples, background)
    return [
        language or "unknown"
        for language in sorted({each.language for each in examples if each.belongs})
        if len(sizes.yes[language]) < 2 or sizes.elsewhere[language] < FEWEST_BACKGROUND
    ]


class _Sizes:
    """How many stories and background texts each language has."""

    def __init__(self, examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> None:
        self.yes: dict[str, set[str]] = defaultdict(set)
        self.no: dict[str, set[str]] = defaultdict(set)
        for example in examples:
            (self.yes if example.belongs else self.no)[example.language].add(example.story)
        self.elsewhere = Counter(each.language for each in background)
        self.background = len(background)


def _surely(found: Sequence[_Candidate], sizes: _Sizes, *, belongs: bool) -> Iterator[_Kept]:
    """Candidates that occur in more of the examples that belong (or do not) than chance and their language explain."""
    stories = sizes.yes if belongs else sizes.no
    for candidate in found:
        hits = candidate.yes if belongs else candidate.no
        together = candidate.stories(hits)
        if len(together) < 2 or candidate.elsewhere.total() > UNUSUAL * sizes.background:
            continue
        language = max(hits, key=lambda each: (len(hits[each]), each))
        z = _z(hits, stories, candidate.elsewhere, sizes.elsewhere, language)
        if z >= SURE and (belongs or not candidate.yes):
            yield _Kept(candidate, language, z, together)


def _z(
    hits: Mapping[str, set[str]],
    stories: Mapping[str, set[str]],
    elsewhere: Mapping[str, int],
    background: Mapping[str, int],
    language: str,
) -> float:
    """How many standard errors the log-odds ratio is above 0, in one language; 0 where that has no background."""
    if background[language] < FEWEST_BACKGROUND:
        return 0.0
    yes, missed = len(hits[language]) + 0.5, len(stories[language]) - len(hits[language]) + 0.5
    no, other = elsewhere[language] + 0.5, background[language] - elsewhere[language] + 0.5
    ratio = math.log(yes / missed) - math.log(no / other)
    return ratio / math.sqrt(1 / yes + 1 / missed + 1 / no + 1 / other)


def _best(given: Iterable[_Kept]) -> list[_Kept]:
    """The surest in each language, none of which another says as well: its words are part of it, and its texts too."""

    def order(one: _Kept) -> tuple[float, int, int, int, int, str]:
        text = one.candidate.text
        stem_first = 1 if one.language in _INFLECTED else -1
        letters = len(text.replace("*", ""))
        return -one.z, -len(one.stories), text.count(" "), -stem_first * ("*" in text), -letters, text

    kept: list[_Kept] = []
    counts: Counter[str] = Counter()
    for one in sorted(given, key=order):
        if counts[one.language] < MOST and not any(_says_as_well(other, one) for other in kept):
            kept.append(one)
            counts[one.language] += 1
    return kept


def _says_as_well(other: _Kept, one: _Kept) -> bool:
    """Whether `one` is found in no other texts than `other`, which is part of it or has the same stems."""
    if not one.stories <= other.stories:
        return False
    plain, longer = (each.candidate.text.replace("*", "") for each in (one, other))
    if plain in longer or longer in plain:
        return True
    few, many = sorted((plain.split(), longer.split()), key=len)
    return all(any(mine.startswith(its) or its.startswith(mine) for its in many) for mine in few)


def _candidates(examples: Sequence[TopicExample], background: Sequence[TopicExample]) -> list[str]:
    """Words, phrases and stems that occur in two stories that belong, or in two that do not."""
    common = _common(background)
    stories: dict[tuple[bool, str], set[str]] = defaultdict(set)
    for example in examples:
        for text in _phrases(_folded(example), common):
            stories[example.belongs, text].add(example.story)
    return sorted({text for (_, text), found in stories.items() if len(found) >= 2})


def _spellings(examples: Sequence[TopicExample]) -> dict[str, str]:
    """Folded words as people write them, in lower case."""
    found: dict[str, str] = {}
    for example in examples:
        for word in _BREAK.sub(" ", Layout(example.document).joined.lower()).split():
            found.setdefault(fold(word).text, word)
    return found


def _spelt(term: str, spelt: Mapping[str, str]) -> str:
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


def _counted(
    texts: Sequence[str], examples: Sequence[TopicExample], background: Sequence[TopicExample]
) -> list[_Candidate]:
    """Every candidate with the texts that the lexicon finds it in."""
    candidates = {f"c{at}": _Candidate(text) for at, text in enumerate(texts)}
    lexicon = LexiconClassifier(_matcher(candidates))
    for at, example in enumerate([*examples, *background]):
        for _, name in lexicon.groups(example.document):
            candidate = candidates[name]
            candidate.texts.append(at)
            if example.given:
                (candidate.yes if example.belongs else candidate.no)[example.language].add(example.story)
            else:
                candidate.elsewhere[example.language] += 1
    return list(candidates.values())


def _matcher(candidates: Mapping[str, _Candidate]) -> Taxonomy:
    groups: dict[str, Terms] = {name: {"en": [Term(text=each.text)]} for name, each in candidates.items()}
    groups |= {} if groups else {"c0": {}}
    rule = Rule(id="any", all=[next(iter(groups))], points=1)
    return Taxonomy(version="0", topics=[Topic(id="any", name="any", description="any", rules=[rule])], groups=groups)


def languages(examples: Iterable[TopicExample]) -> list[str]:
    """Those of the examples that belong, the commonest first."""
    return [language for language, _ in Counter(each.language for each in examples if each.belongs).most_common()]
