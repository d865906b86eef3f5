"""The lexicon: one pass over an article finds every term; rules over groups of terms make a calibrated score."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.classification.base import Document, Evidence, ModelInfo, TopicScore, Verdict
from app.classification.calibration import Weights, expert_weights
from app.classification.folding import Folded, fold
from app.classification.layout import Layout
from app.classification.taxonomy import Rule, Taxonomy, Term, Topic
from app.classification.terms import Joins, begins_word, build_automaton

STAGE: Final = "lexicon"
BODY_STRENGTH: Final = 0.3  # of a hit further down: one is a passing mention, four are a subject
MAX_EVIDENCE: Final = 8


class Hit(NamedTuple):
    """A term in the folded article: where, and how much it counts there."""

    start: int
    end: int
    strength: float


Hits = dict[int, list[Hit]]


class Reading(NamedTuple):
    """What one pass over a document found."""

    scores: dict[str, float]  # by topic
    hits: Hits
    folded: Folded
    layout: Layout


class _CompiledRule(NamedTuple):
    id: str
    first: int
    second: int  # -1: the rule has one group
    within: int  # 0: anywhere
    unless: int  # -1: nothing silences it
    weight: float


class _CompiledTopic(NamedTuple):
    id: str
    threshold: float
    intercept: float
    rules: tuple[_CompiledRule, ...]


class LexiconClassifier:
    """Classifies by the taxonomy's terms and rules alone. Immutable after construction; safe to share by threads."""

    def __init__(self, taxonomy: Taxonomy, weights: Mapping[str, Weights] | None = None) -> None:
        """`weights` by topic id, as calibration found them; a topic without any uses the taxonomy's points."""
        weights = weights or {}
        self._slots: dict[tuple[str, str], int] = {}
        self._joins = Joins()
        self._automaton: Any = build_automaton(self._number_groups(taxonomy))
        self._topics = tuple(self._compile(topic, weights.get(topic.id)) for topic in taxonomy.topics)
        self._silent = {topic.id: _score(topic, [0.0] * len(topic.rules)) for topic in self._topics}
        self._info = ModelInfo(STAGE, _version(taxonomy, weights), taxonomy.version)

    @property
    def info(self) -> ModelInfo:
        """Model `lexicon`; its version changes with every change of a term, rule or weight."""
        return self._info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document, in order."""
        return [Verdict(tuple(self._accepted(document)), STAGE) for document in documents]

    @property
    def silent(self) -> dict[str, float]:
        """Each topic's score where none of its rules fires."""
        return self._silent

    def read(self, document: Document) -> "Reading":
        """Every term that occurs, and the probability of every topic, accepted or not."""
        folded, layout = self._fold(document)
        hits = self._hits(folded, layout)
        if not hits:
            return Reading(dict(self._silent), hits, folded, layout)
        scores = {topic.id: _score(topic, [rule_value(rule, hits) for rule in topic.rules]) for topic in self._topics}
        return Reading(scores, hits, folded, layout)

    def evidence(self, reading: "Reading", topic_id: str) -> tuple[Evidence, ...]:
        """The terms that speak for a topic, strongest first where there are many; none when no rule fires for it."""
        topic = next(topic for topic in self._topics if topic.id == topic_id)
        hits = reading.hits
        slots = {
            slot
            for rule in topic.rules
            if rule.weight > 0 and rule_value(rule, hits) > 0
            for slot in (rule.first, rule.second)
        }
        spans = [hit for slot in slots for hit in hits.get(slot, ())]
        return self._evidence(spans, reading.folded, reading.layout)

    def scores(self, document: Document) -> dict[str, float]:
        """The probability of every topic, accepted or not."""
        return self.read(document).scores

    def groups(self, document: Document) -> list[tuple[str, str]]:
        """Which groups occur, as (topic id or "" for those that all topics share, name)."""
        names = list(self._slots)
        return [names[slot] for slot in self._hits(*self._fold(document))]

    def features(self, document: Document) -> dict[str, dict[str, float]]:
        """How strongly each rule fires, in [0, 1], by topic and rule: what calibration fits its weights to."""
        hits = self._hits(*self._fold(document))
        return {topic.id: {rule.id: rule_value(rule, hits) for rule in topic.rules} for topic in self._topics}

    def _number_groups(self, taxonomy: Taxonomy) -> Iterable[tuple[int, Term]]:
        """Give every group a slot; yield its terms."""
        scopes = [("", taxonomy.groups), *((topic.id, topic.groups) for topic in taxonomy.topics)]
        for scope, groups in scopes:
            for name, languages in groups.items():
                slot = self._slots.setdefault((scope, name), len(self._slots))
                for terms in languages.values():
                    yield from ((slot, term) for term in terms)

    def _compile(self, topic: Topic, weights: Weights | None) -> _CompiledTopic:
        weights = weights or expert_weights(topic)

        def slot(name: str | None) -> int:
            return -1 if name is None else self._slots.get((topic.id, name), self._slots.get(("", name), -1))

        def compiled(rule: Rule) -> _CompiledRule:
            first, second = (*map(slot, rule.all), -1)[:2]
            weight = weights.rules.get(rule.id, rule.points)
            return _CompiledRule(rule.id, first, second, rule.within or 0, slot(rule.unless), weight)

        return _CompiledTopic(topic.id, topic.threshold, weights.intercept, tuple(map(compiled, topic.rules)))

    def _fold(self, document: Document) -> tuple[Folded, Layout]:
        layout = Layout(document)
        return fold(layout.joined), layout

    def _hits(self, folded: Folded, layout: Layout) -> Hits:
        """Every term that stands at proper word edges, by slot, in order of its end; a longer hit absorbs a shorter."""
        text = folded.text
        joins = self._joins
        lead_end = layout.lead_end
        hits: Hits = {}
        for last, entries in self._automaton.iter(text):
            for length, left, right, slot, weight, rest in entries:
                end = last + 1
                start = end - length
                if right and joins[text[end]]:
                    continue
                if left and joins[text[start - 1]] and not begins_word(text, start, left, joins):
                    continue
                if rest is not None:
                    match = rest.match(text, start)
                    if match is None:
                        continue
                    end = match.end()
                hit = Hit(start, end, weight if start < lead_end else weight * BODY_STRENGTH)
                known = hits.get(slot)
                if known is None:
                    hits[slot] = [hit]
                elif known[-1].end > start:
                    if start <= known[-1].start or weight > known[-1].strength:
                        known[-1] = Hit(
                            min(start, known[-1].start), max(end, known[-1].end), max(hit.strength, known[-1].strength)
                        )
                else:
                    known.append(hit)
        return hits

    def _accepted(self, document: Document) -> Iterable[TopicScore]:
        reading = self.read(document)
        if not reading.hits:
            return
        for topic in self._topics:
            score = reading.scores[topic.id]
            if score >= topic.threshold:
                yield TopicScore(topic.id, score, topic.threshold, self.evidence(reading, topic.id))

    def _evidence(self, spans: list[Hit], folded: Folded, layout: Layout) -> tuple[Evidence, ...]:
        """The strongest, earliest and longest hits, none inside another, in reading order."""
        chosen: list[tuple[int, int]] = []
        for hit in sorted(spans, key=lambda span: (-span.strength, span.start, -span.end)):
            end = hit.end
            while self._joins[folded.text[end]] and end - hit.end < 24:
                end += 1  # a stem stands for its whole word
            if all(end <= start or hit.start >= stop for start, stop in chosen):
                chosen.append((hit.start, end))
                if len(chosen) == MAX_EVIDENCE:
                    break
        return tuple(layout.evidence(*folded.span(start, end)) for start, end in sorted(chosen))


def _version(taxonomy: Taxonomy, weights: Mapping[str, Weights]) -> str:
    fitted = {topic: found.model_dump() for topic, found in sorted(weights.items())}
    return hashlib.sha256(f"{taxonomy.fingerprint} {fitted}".encode()).hexdigest()[:12]


def rule_value(rule: _CompiledRule, hits: Hits) -> float:
    """How strongly a rule fires, in [0, 1]: hits add up, so that many weak ones are as good as a strong one."""
    first = hits.get(rule.first)
    if first is None or rule.unless in hits:
        return 0.0
    if rule.second < 0:
        return min(1.0, sum(hit.strength for hit in first))
    second = hits.get(rule.second)
    if second is None:
        return 0.0
    if not rule.within:
        return min(1.0, sum(hit.strength for hit in first), sum(hit.strength for hit in second))
    return _together(first, second, rule.within)


def _together(first: list[Hit], second: list[Hit], within: int) -> float:
    """What hits of `first` count for that have one of `second` near. Both lie in reading order: one pass is enough."""
    total, earliest = 0.0, 0
    for hit in first:
        while earliest < len(second) and hit.start - second[earliest].end > within:
            earliest += 1
        nearest = 0.0
        for at in range(earliest, len(second)):
            if second[at].start - hit.end > within:
                break
            nearest = max(nearest, second[at].strength)
        total += min(hit.strength, nearest)
        if total >= 1.0:
            return 1.0
    return total


def _score(topic: _CompiledTopic, values: list[float]) -> float:
    odds = topic.intercept + sum(rule.weight * value for rule, value in zip(topic.rules, values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
