"""Terms and rules for a new topic, proposed from examples: what they say, and other texts do not.

Candidates are words, phrases and stems of at least two examples. The real matcher counts in which texts each occurs;
a z-score of the log-odds ratio, examples against the background in the same language, says which are no chance find.
Logistic regression over those then says how much each counts beside the others.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from app.classification.candidates import candidates, spellings, spelt_out
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
# Languages that change the ends of their words so much that of two equal candidates the stem is the better one.
_INFLECTED: Final = frozenset(
    ["be", "bg", "cs", "el", "et", "fi", "hr", "hu", "lt", "lv", "mk", "pl", "ro", "ru", "sk", "sl", "sr", "tr", "uk"]
)

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
    found = _counted(candidates(examples, background), examples, background)
    sizes = _Sizes(examples, background)
    kept = [*_best(_surely(found, sizes, belongs=True)), *_best(_surely(found, sizes, belongs=False))]
    spelt = spellings(examples)
    proposal = Proposal()
    for group, one, size in _weighed(kept, examples, len(background)):
        if (weight := round(size / STEP) * STEP) >= LEAST:
            term = Term(text=spelt_out(one.candidate.text, spelt), weight=round(min(1.0, weight), 2))
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


def _counted(
    texts: Sequence[str], examples: Sequence[TopicExample], background: Sequence[TopicExample]
) -> list[_Candidate]:
    """Every candidate with the texts that the lexicon finds it in."""
    found = {f"c{at}": _Candidate(text) for at, text in enumerate(texts)}
    lexicon = LexiconClassifier(_matcher(found))
    for at, example in enumerate([*examples, *background]):
        for _, name in lexicon.groups(example.document):
            candidate = found[name]
            candidate.texts.append(at)
            if example.given:
                (candidate.yes if example.belongs else candidate.no)[example.language].add(example.story)
            else:
                candidate.elsewhere[example.language] += 1
    return list(found.values())


def _matcher(given: Mapping[str, _Candidate]) -> Taxonomy:
    groups: dict[str, Terms] = {name: {"en": [Term(text=each.text)]} for name, each in given.items()}
    groups |= {} if groups else {"c0": {}}
    rule = Rule(id="any", all=[next(iter(groups))], points=1)
    return Taxonomy(version="0", topics=[Topic(id="any", name="any", description="any", rules=[rule])], groups=groups)


def languages(examples: Iterable[TopicExample]) -> list[str]:
    """Those of the examples that belong, the commonest first."""
    return [language for language, _ in Counter(each.language for each in examples if each.belongs).most_common()]
