"""The cascade: the lexicon settles what it is certain of, the transformer and the lexicon together the rest."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.decision import Decisions, Line, log_odds, settle
from app.classification.encoder import Logits, ModelCard
from app.classification.lexicon import STAGE as LEXICON
from app.classification.lexicon import LexiconClassifier, Reading
from app.classification.occlusion import influential
from app.classification.taxonomy import Taxonomy

ENCODER: Final = "encoder"  # the stage of what the transformer had a say in


class Model(Protocol):
    """What the cascade needs of an encoder."""

    @property
    def card(self) -> ModelCard:
        """Its topics, in the order of its logits, and its version."""
        ...

    def logits(self, documents: Sequence[Document], /) -> Logits:
        """[documents, topics]."""
        ...

    def lead_logits(self, documents: Sequence[Document], /) -> Logits:
        """[documents, topics] of the beginnings alone."""
        ...


class Judgement(NamedTuple):
    """What the stages found of one document, before evidence is looked for."""

    scores: dict[str, TopicScore]  # by topic
    stage: str
    reading: Reading


class CascadeClassifier:
    """Topics that the model does not know are the lexicon's alone. Safe to share by threads.

    `always` asks the transformer about every document and leaves the lexicon only the evidence: the `encoder`.
    `doubt` is for more speed at less quality: the transformer is asked only where the lexicon's word would be wrong
    with at least this chance; at 0, wherever that is not certain.
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        lexicon: LexiconClassifier,
        encoder: Model,
        decisions: Decisions,
        *,
        always: bool = False,
        doubt: float = 0.0,
    ) -> None:
        self._lexicon = lexicon
        self._encoder = encoder
        self._places = {topic: at for at, topic in enumerate(encoder.card.topics)}
        self._decisions = {topic: found for topic, found in decisions.items() if topic in self._places}
        self._always = always
        self._doubt = doubt
        # The lexicon's own scores are probabilities already where no better line is known.
        self._own = {topic.id: Line(intercept=0, lexicon=1, threshold=topic.threshold) for topic in taxonomy.topics}
        parts = f"{lexicon.info.model_version} {encoder.card.version} {sorted(decisions.items())}{doubt or ''}"
        version = hashlib.sha256(parts.encode()).hexdigest()[:12]
        self._info = ModelInfo("encoder" if always else "cascade", version, taxonomy.version)

    @property
    def info(self) -> ModelInfo:
        """Model `cascade` or `encoder`; the version changes with a term, a weight or a decision."""
        return self._info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document, in order."""
        return [
            Verdict(tuple(self._accepted(document, judgement)), judgement.stage)
            for document, judgement in zip(documents, self.judge(documents), strict=True)
        ]

    def judge(self, documents: Sequence[Document]) -> list[Judgement]:
        """Every topic's probability, accepted or not, and which stage found it."""
        readings = [self._lexicon.read(document) for document in documents]
        settled = [settle(reading.scores, self._decisions, self._doubt) for reading in readings]
        open_ = [at for at, found in enumerate(settled) if self._always or not found.certain]
        logits = dict(zip(open_, self._encoder.logits([documents[at] for at in open_]), strict=True)) if open_ else {}
        judgements = []
        for at, reading in enumerate(readings):
            own = logits.get(at)
            model = {} if own is None else {topic: float(own[place]) for topic, place in self._places.items()}
            scores = {topic: self._score(topic, reading, settled[at].odds[topic], model) for topic in reading.scores}
            judgements.append(Judgement(scores, ENCODER if model else LEXICON, reading))
        return judgements

    def _score(self, topic: str, reading: Reading, odds: float, model: dict[str, float]) -> TopicScore:
        line = self._line(topic, bool(model))
        silent = reading.scores[topic] == self._lexicon.silent[topic]
        return TopicScore(topic, line.probability(odds, model.get(topic, 0.0), silent), line.threshold)

    def _accepted(self, document: Document, judgement: Judgement) -> Iterator[TopicScore]:
        for topic, score in judgement.scores.items():
            if score.accepted:
                evidence = self._lexicon.evidence(judgement.reading, topic)
                if not evidence and judgement.stage == ENCODER and topic in self._places:
                    evidence = influential(document, self._places[topic], self._encoder.lead_logits)
                yield replace(score, evidence=evidence)

    def _line(self, topic: str, asked: bool) -> Line:
        decision = self._decisions.get(topic)
        if decision is None:
            return self._own[topic]
        if not asked:
            return decision.lexicon
        return decision.encoder if self._always else decision.both


def lexicon_odds(reading: Reading) -> dict[str, float]:
    """The lexicon's log-odds by topic: what decisions are fitted to."""
    return {topic: log_odds(score) for topic, score in reading.scores.items()}
