"""The cascade: who decides, with which probability, and what it shows for it; on a model that the tests build."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.classification.base import Document
from app.classification.cascade import CascadeClassifier
from app.classification.decision import Line, TopicDecision, load_decisions, log_odds, save_decisions, settle
from app.classification.encoder import Encoder, Logits
from app.classification.lexicon import LexiconClassifier
from app.classification.occlusion import MOST_SENTENCES, influential, sentences
from app.classification.registry import UnknownClassifier, build_classifier
from app.classification.taxonomy import Taxonomy, TaxonomyError
from tests.model_tools import save_encoder, spotting_model

TAXONOMY = Taxonomy.model_validate(
    {
        "version": "1",
        "topics": [
            {
                "id": topic,
                "name": topic,
                "description": topic,
                "groups": {"words": {"en": [word]}},
                "rules": [{"id": "word", "all": ["words"], "points": 8.0}],
            }
            for topic, word in (("trade", "tariff"), ("war", "shelling"), ("summits", "summit"))
        ],
    }
)
LEXICON = LexiconClassifier(TAXONOMY)


def decision(accept: float | None = 3.0, reject: float | None = None) -> TopicDecision:
    return TopicDecision(
        lexicon=Line(intercept=0, lexicon=1, threshold=0.5),
        encoder=Line(intercept=0, encoder=1, threshold=0.5),
        both=Line(intercept=-1, lexicon=0.5, encoder=1, silent=2, threshold=0.4),
        accept=accept,
        reject=reject,
    )


class Counting(Encoder):
    """Remembers what it was asked."""

    asked: list[Document]

    def logits(self, documents: Sequence[Document]) -> Logits:
        self.asked = [*getattr(self, "asked", []), *documents]
        return super().logits(documents)


@pytest.fixture
def encoder(tmp_path: Path) -> Counting:
    model = Counting.load(save_encoder(tmp_path, spotting_model("pact", "front", bias=-4.0), ["trade", "war"]))
    assert isinstance(model, Counting)
    return model


def cascade(encoder: Encoder, **options: bool) -> CascadeClassifier:
    decisions = {"trade": decision(reject=-3.0), "war": decision(reject=-3.0)}
    return CascadeClassifier(TAXONOMY, LEXICON, encoder, decisions, **options)


def test_what_the_lexicon_is_certain_of_is_never_asked(encoder: Counting) -> None:
    found = cascade(encoder).classify([Document("a tariff", "", "shelling"), Document("rain fell", "", "")])
    assert [verdict.stage for verdict in found] == ["lexicon", "lexicon"]
    assert [{score.topic for score in verdict.topics} for verdict in found] == [{"trade", "war"}, set()]
    assert not hasattr(encoder, "asked")


def test_one_doubtful_topic_sends_the_whole_document_to_the_encoder(encoder: Counting) -> None:
    decisions = {"trade": decision(reject=-3.0), "war": decision(reject=None)}
    both = CascadeClassifier(TAXONOMY, LEXICON, encoder, decisions)
    text = Document("", "", "front front front")
    [verdict] = both.classify([text])
    assert (verdict.stage, encoder.asked) == ("encoder", [text])
    [score] = verdict.topics
    lexicon, model = log_odds(LEXICON.scores(text)["war"]), float(encoder.logits([text])[0, 1])
    odds = -1 + 0.5 * lexicon + model + 2
    assert (score.topic, score.threshold) == ("war", 0.4)
    assert score.score == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)


def test_documents_of_both_kinds_keep_their_order(encoder: Counting) -> None:
    mixed = CascadeClassifier(
        TAXONOMY, LEXICON, encoder, {"trade": decision(reject=None), "war": decision(reject=-3.0)}
    )
    texts = [
        Document("a tariff", "", ""),
        Document("", "", "pact pact pact"),
        Document("tariff", "", ""),
        Document("", "", "rain"),
    ]
    found = mixed.classify(texts)
    assert [verdict.stage for verdict in found] == ["lexicon", "encoder", "lexicon", "encoder"]
    assert [bool(verdict.topics) for verdict in found] == [True, True, True, False]


def test_a_topic_that_the_model_does_not_know_is_the_lexicons(encoder: Counting) -> None:
    [verdict] = cascade(encoder).classify([Document("", "", "summit and tariff")])
    assert {score.topic for score in verdict.topics} == {"summits", "trade"}
    [open_] = CascadeClassifier(TAXONOMY, LEXICON, encoder, {"trade": decision(), "war": decision()}).classify(
        [Document("", "", "summit")]
    )
    assert (open_.stage, [score.topic for score in open_.topics]) == ("encoder", ["summits"])


def test_the_encoder_alone_asks_about_everything_and_shows_terms_where_there_are_some(encoder: Counting) -> None:
    alone = cascade(encoder, always=True)
    text = Document("tariff pact pact", "", "pact pact. Rain fell.")
    [verdict] = alone.classify([text])
    assert (alone.info.model, verdict.stage, encoder.asked) == ("encoder", "encoder", [text])
    [score] = verdict.topics
    assert [span.text for span in score.evidence] == ["tariff"]


def test_without_terms_the_sentence_that_matters_most_is_the_evidence(encoder: Counting) -> None:
    text = Document("the minister spoke", "", "rain fell . pact pact pact pact pact pact . he said it then .")
    [verdict] = cascade(encoder, always=True).classify([text])
    [score] = verdict.topics
    [span] = score.evidence
    assert span.text == "pact pact pact pact pact pact ."
    assert getattr(text, span.field)[span.start : span.end] == span.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two two! Three?", ["One.", "Two two!", "Three?"]),
        ("Он сказал: «Да». Потом ушёл.", ["Он сказал: «Да».", "Потом ушёл."]),
        ("他签署协定。今天生效！", ["他签署协定。", "今天生效！"]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("first line\n\nsecond line", ["first line", "second line"]),
        ("3.5 per cent of U.S. trade", ["3.5 per cent of U.S.", "trade"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    found = list(sentences(Document("", "", text)))
    assert [span.text for span in found] == expected
    assert all(text[span.start : span.end] == span.text for span in found)


def test_occlusion_is_bounded_and_silent_when_nothing_speaks_for_the_topic() -> None:
    asked: list[int] = []

    def flat(documents: Sequence[Document]) -> Logits:
        asked.append(len(documents))
        return np.zeros((len(documents), 1), np.float32)

    assert influential(Document("t", "", "One. " * 100), 0, flat) == ()
    assert asked == [MOST_SENTENCES + 1]
    [whole] = influential(Document("A title alone", "", ""), 0, flat)
    assert (whole.field, whole.text) == ("title", "A title alone")
    assert len(asked) == 1


def test_settling_needs_every_topic_beyond_its_cuts() -> None:
    decisions = {"a": decision(accept=2.0, reject=-2.0), "b": decision(accept=None, reject=-2.0)}
    assert settle({"a": 0.95, "b": 0.05}, decisions).certain
    assert settle({"a": 0.05, "b": 0.05}, decisions).certain
    assert not settle({"a": 0.95, "b": 0.99}, decisions).certain
    assert not settle({"a": 0.5, "b": 0.05}, decisions).certain
    assert settle({"other": 0.5}, decisions).certain


def test_a_word_in_doubt_is_taken_where_it_is_unlikely_to_be_wrong() -> None:
    decisions = {"a": decision(accept=2.0, reject=-2.0)}
    line = decisions["a"].lexicon
    wrong = 1 - line.probability(log_odds(0.8))
    assert 0 < wrong < 0.5
    assert not settle({"a": 0.8}, decisions, doubt=wrong - 0.01).certain
    assert settle({"a": 0.8}, decisions, doubt=wrong + 0.01).certain


def test_doubt_asks_the_encoder_less_and_makes_another_version(encoder: Counting) -> None:
    decisions = {"trade": decision(), "war": decision()}
    eager, sparing = (CascadeClassifier(TAXONOMY, LEXICON, encoder, decisions, doubt=doubt) for doubt in (0.0, 0.5))
    text = Document("", "", "front front front")
    assert [found.classify([text])[0].stage for found in (eager, sparing)] == ["encoder", "lexicon"]
    assert eager.info.model_version != sparing.info.model_version


@pytest.mark.parametrize("name", ["cascade:", "cascade:much", "cascade:-0.1", "cascade:0.6", "cascade:nan"])
def test_a_doubt_that_is_no_chance_of_being_wrong_is_refused(name: str) -> None:
    with pytest.raises(UnknownClassifier, match=r"from 0 to 0\.5"):
        build_classifier(name, TAXONOMY)


def test_decisions_on_file(tmp_path: Path) -> None:
    save_decisions(tmp_path, {"trade": decision()})
    assert load_decisions(tmp_path) == {"trade": decision()}
    (tmp_path / "decisions.json").write_text('{"trade": {}}')
    with pytest.raises(TaxonomyError, match="geonews train --only decide"):
        load_decisions(tmp_path)
    with pytest.raises(TaxonomyError, match=r"decisions\.json"):
        load_decisions(tmp_path / "nowhere")


def test_the_version_changes_with_a_decision(encoder: Counting) -> None:
    one, other = (
        CascadeClassifier(TAXONOMY, LEXICON, encoder, {"trade": decision(accept=accept)}) for accept in (1.0, 2.0)
    )
    assert one.info.model_version != other.info.model_version
    assert one.info.taxonomy_version == "1"
