"""A topic from examples: what is proposed, what is measured, what stands in the taxonomy, and how a head joins in."""

import json
import logging
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import yaml

from app.classification import registry
from app.classification.base import Document
from app.classification.cascade import CascadeClassifier
from app.classification.decision import Line, TopicDecision
from app.classification.encoder import Encoder
from app.classification.heads import (
    EncoderWithHeads,
    Head,
    fit_decision,
    fit_head,
    head_logits,
    heads_path,
    load_heads,
    save_heads,
    usable,
)
from app.classification.lexicon import LexiconClassifier
from app.classification.new_topic import study
from app.classification.propose import Proposal, propose, thin
from app.classification.taxonomy import Rule, Taxonomy, TaxonomyError, Term, Topic, load_taxonomy
from app.classification.taxonomy_file import with_topic
from app.classification.topic_examples import ExamplesError, TopicExample, background, load_topic_examples
from app.classification.training.decide import HeldOut
from tests.model_tools import WIDTH, random_model, save_encoder

OURS = load_taxonomy()
RED_SEA = Path(__file__).parents[2] / "samples" / "topics" / "red-sea.jsonl"
DRAFT = Proposal().topic("storms", "Storms", "Storms and what they do")


def example(text: str, belongs: bool = True, language: str = "en") -> TopicExample:
    return TopicExample(Document("", "", text, language), belongs, text)


def other(text: str, language: str = "en") -> TopicExample:
    return TopicExample(Document("", "", text, language), False, text, given=False)


def weather(count: int, seed: int = 1) -> tuple[list[TopicExample], list[TopicExample]]:
    """Storms, near misses about calm weather, and a background of other news, all from a few words each."""
    chance = random.Random(seed)
    places = ["Porto", "Riga", "Osaka", "Quito", "Tunis", "Dakar", "Leeds", "Split", "Turku", "Malmo"]

    def line(*choices: str) -> str:
        words = [chance.choice(each.split("|")) for each in choices]
        return f"{chance.choice(places)} {' '.join(words)} number {chance.randrange(10**6)}"

    storms = [
        line("hurricane|typhoon|cyclone", "floods|destroys|batters", "homes|harbours|roads") for _ in range(count)
    ]
    calm = [line("hurricane|typhoon|cyclone", "festival|museum", "delights|draws") for _ in range(count // 2)]
    news = [
        line("council|minister|court|school", "opens|closes|debates", "homes|roads|budgets") for _ in range(count * 4)
    ]
    examples = [*map(example, storms), *(example(text, belongs=False) for text in calm)]
    return examples, [other(text) for text in news]


# -- reading ---------------------------------------------------------------------------------------------------------


def rows(path: Path, *given: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, given)))
    return path


def enough(count: int = 8) -> list[dict[str, Any]]:
    return [{"title": f"storm {at}", "language": "en"} for at in range(count)]


def test_a_row_belongs_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = rows(
        tmp_path / "x.jsonl",
        *enough(7),
        {"title": "a", "labels": ["storms", "rain"], "lang": "de-AT"},
        {"title": "b", "labels": []},
        {"title": "c", "labels": ["rain"]},
        {"title": "d", "negative": True, "story": "s"},
    )
    found = load_topic_examples([path, path], "storms")
    assert [each.belongs for each in found] == [True] * 8 + [False] * 3
    assert (found[7].language, found[10].story) == ("de", "s")


def test_a_row_that_says_no_language_gets_one(tmp_path: Path) -> None:
    text = "Der Sturm hat in der Nacht viele Dächer abgedeckt, sagte die Feuerwehr am Morgen."
    found = load_topic_examples([rows(tmp_path / "x.jsonl", *enough(), {"text": text})], "storms")
    assert found[-1].language == "de"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([{"title": " "}], "line 9: it has neither title nor text"),
        ([{"title": "a", "labels": "storms"}], "labels must be a list"),
        ([{"title": "storm 1", "language": "en", "negative": True}], "line 9: this text stands there twice"),
        ([[1]], "line 9"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, bad: list[Any], message: str) -> None:
    with pytest.raises(ExamplesError, match=message):
        load_topic_examples([rows(tmp_path / "x.jsonl", *enough(), *bad)], "storms")


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    path = rows(tmp_path / "x.jsonl", *enough(7), {"title": "calm", "negative": True})
    with pytest.raises(ExamplesError, match=r"7 examples belong to storms; 8 is the least"):
        load_topic_examples([path], "storms")


def test_background_leaves_out_the_examples_and_what_is_there_twice() -> None:
    documents = [Document("Storm", "", "one"), Document("a", "", "b"), Document("A", "", "b "), Document("c", "", "")]
    found = background(documents, [TopicExample(Document("storm", "", "One"), True, "s")])
    assert [each.document.title for each in found] == ["a", "c"]
    assert not any(each.given or each.belongs for each in found)


def test_the_sample_is_rich_enough() -> None:
    found = load_topic_examples([RED_SEA], "red-sea")
    assert sum(each.belongs for each in found) >= 60
    assert sum(not each.belongs for each in found) >= 40
    assert len({each.language for each in found if each.belongs}) >= 10


# -- terms -----------------------------------------------------------------------------------------------------------


def terms(proposal: Proposal, group: str = "signs", language: str = "en") -> list[str]:
    return [term.text for term in proposal.groups.get(group, {}).get(language, [])]


def finds(proposal: Proposal, text: str, group: str = "signs") -> bool:
    lexicon = LexiconClassifier(Taxonomy(version="1", topics=[proposal.topic("storms", "Storms", "Storms")]))
    return ("storms", group) in lexicon.groups(Document("", "", text))


def test_terms_say_what_several_examples_say_and_others_do_not() -> None:
    found = propose(*weather(60))
    assert finds(found, "a hurricane")
    assert finds(found, "the typhoon")
    assert not finds(found, "the minister debates roads in Porto")
    assert finds(found, "a festival", "against")
    assert not finds(found, "a festival")


def test_a_word_of_one_example_is_no_term() -> None:
    examples, others = weather(60)
    found = propose([*examples, example("maelstrom batters Riga")], others)
    assert not finds(found, "maelstrom")
    more = [example(f"maelstrom near {place}") for place in ("Riga", "Leeds", "Porto", "Dakar")]
    assert finds(propose([*examples, *more], others), "maelstrom")


def test_rows_of_one_story_count_once() -> None:
    examples, others = weather(60)
    copies = [TopicExample(Document("", "", f"maelstrom {at}", "en"), True, "one story") for at in range(5)]
    assert not finds(propose([*examples, *copies], others), "maelstrom")


def test_inflected_languages_get_stems_and_scripts_without_spaces_get_their_words() -> None:
    examples, others = weather(30)
    examples += [example(text, language="ru") for text in ("ураганом снесло дом", "ураган в Риге", "урагана ждут")]
    others += [other(f"министр открыл школу {at}", "ru") for at in range(12)]
    examples += [example(text, language="ja") for text in ("台風が大阪を襲う", "台風で道路が冠水", "台風の被害")]
    others += [other(f"大臣が学校を開いた{at}", "ja") for at in range(12)]
    found = propose(examples, others)
    assert finds(found, "об урагане"), found.groups
    assert terms(found, language="ja") == ["台風"]


def test_a_language_without_background_gets_no_terms_and_is_named() -> None:
    examples, others = weather(30)
    examples += [example(text, language="sw") for text in ("kimbunga chaharibu nyumba", "kimbunga chaleta mafuriko")]
    assert terms(propose(examples, others), language="sw") == []
    assert thin(examples, others) == ["sw"]


def test_terms_read_as_people_write_them() -> None:
    examples, others = weather(30)
    examples += [example(text, language="tr") for text in ("Kasırga kıyıyı vurdu", "Kasırga evleri yıktı", "kasırga")]
    others += [other(f"bakan okul açtı {at}", "tr") for at in range(12)]
    assert "kasırga" in {term.rstrip("*") for term in terms(propose(examples, others), language="tr")}


# -- measuring -------------------------------------------------------------------------------------------------------


def test_what_can_be_learned_is_learned_and_points_make_probabilities() -> None:
    examples, others = weather(60)
    found = study(DRAFT, examples, others)
    figures = found.figures["lexicon"]
    assert figures.f1 > 0.95
    assert set(found.figures) == {"lexicon"}
    lexicon = LexiconClassifier(Taxonomy(version="1", topics=[found.topic]))
    storm, news = (lexicon.scores(Document("", "", text))["storms"] for text in ("cyclone destroys", "court closes"))
    assert storm > found.topic.threshold > news


def test_figures_of_what_cannot_be_learned_are_bad() -> None:
    """Labels by chance: whoever measured on what it learned from would see a good F1."""
    chance = random.Random(5)
    words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "ledge"]
    texts = [" ".join(chance.choices(words, k=8)) + f" {at}" for at in range(160)]
    examples = [example(text, belongs=at % 2 == 0) for at, text in enumerate(texts[:80])]
    found = study(DRAFT, examples, [other(text) for text in texts[80:]])
    assert found.figures["lexicon"].f1 < 0.5


def embedder(*words: str) -> Any:
    """Embeddings that know whether a text has one of the words, and else are noise."""

    def embed(documents: Sequence[Document]) -> Any:
        made = np.stack([np.random.default_rng(crc32(each.text.encode())).normal(0, 0.1, 16) for each in documents])
        made[:, 0] = [1.0 if any(word in each.text for word in words) else -1.0 for each in documents]
        return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)

    return embed


def test_a_head_finds_what_terms_cannot() -> None:
    examples, others = weather(40)
    foreign = [example(f"kimbunga {at} leo", language="sw") for at in range(7)]
    embed = embedder("floods", "destroys", "batters", "kimbunga")
    found = study(DRAFT, [*examples, *foreign], others, embed=embed, encoder="v1")
    assert list(found.figures) == ["lexicon", "head", "both"]
    assert found.figures["head"].recall > 0.95 > found.figures["lexicon"].recall
    assert found.figures["both"].f1 > 0.95
    assert found.head is not None
    assert (found.head.encoder, found.head.examples, len(found.head.weights)) == ("v1", 47, 16)
    assert found.asked > 0.9, "texts without any term must be shown to the model"
    fast = study(DRAFT, [*examples, *foreign], others, embed=embed, encoder="v1", only_where_terms=True)
    assert fast.asked < 0.6
    assert fast.figures["both"].recall < found.figures["both"].recall


def test_terms_may_be_kept_as_they_stand() -> None:
    examples, others = weather(40)
    topic = DRAFT.model_copy(
        update={
            "groups": {"signs": {"en": [Term(text="batters")]}},
            "rules": [Rule(id="signs", all=["signs"], points=8)],
        }
    )
    found = study(topic, examples, others, keep_terms=True)
    assert found.topic == topic
    assert found.figures["lexicon"].precision == 1
    assert found.figures["lexicon"].recall < 0.6


def test_background_that_is_taken_is_shown() -> None:
    examples, others = weather(60)
    stray = other("hurricane floods homes in Split and typhoon batters roads")
    assert study(DRAFT, examples, [*others, stray]).taken == [stray.document]


# -- the file --------------------------------------------------------------------------------------------------------

TOPIC = DRAFT.model_copy(
    update={
        "name": 'Storms: "big" ones # all',
        "groups": {"signs": {"no": [Term(text="yes"), Term(text="*storm on", weight=0.35)], "ja": [Term(text="台風")]}},
        "rules": [
            Rule(id="signs", all=["signs"], points=2.5),
            Rule(id="near", all=["signs", "sport"], within=80, unless="company", points=-1),
        ],
    }
)


def test_a_topic_is_added_and_no_other_byte_changes() -> None:
    assert OURS.path is not None
    before = OURS.path.read_text("utf-8")
    after = with_topic(OURS.path, TOPIC, "a note")
    assert after.startswith(before)
    assert "  # a note\n  - id: storms\n" in after[len(before) :]
    assert Taxonomy.model_validate(yaml.safe_load(after)).topics == [*OURS.topics, TOPIC]


def test_what_stands_behind_the_topics_stays_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    head = (
        '# mine\nversion: "1"\ntopics:\n- id: a\n  name: a\n  description: a\n  groups: {g: {en: [x]}}\n'
        "  rules:\n  - {id: g, all: [g], points: 1}  # why\n  # of a\n"
    )
    tail = "\n# of all\ngroups:\n  sport: {en: [tennis]}\n  company: {}"
    path.write_text(head + tail)
    after = with_topic(path, TOPIC, "note")
    assert after.startswith(head)
    assert after.endswith(tail)
    assert after[len(head) :].startswith("# note\n- id: storms\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('version: "1"\ntopics: [{id: a, name: a, description: a, groups: {g: {}}, '
         "rules: [{id: g, all: [g], points: 1}]}]",
         "list with one `-` a line"),
        ('version: "1"\ntopics:\n- id: storms\n  name: a\n  description: a\n  groups: {g: {}}\n'
         "  rules: [{id: g, all: [g], points: 1}]\n", "geonews topics train storms"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_take_it_is_left_alone(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(content)
    with pytest.raises(TaxonomyError, match=message):
        with_topic(path, TOPIC, "note")
    assert path.read_text() == content


# -- heads -----------------------------------------------------------------------------------------------------------

LINE = Line(intercept=0, encoder=1, threshold=0.5)
DECISION = TopicDecision(
    lexicon=Line(intercept=0, lexicon=1, threshold=0.5), encoder=LINE, both=LINE, accept=None, reject=None
)


def head(weights: Mapping[int, float] | None = None, intercept: float = 0.0, version: str = "tiny") -> Head:
    places = [(weights or {}).get(at, 0.0) for at in range(WIDTH)]
    return Head(encoder=version, examples=9, intercept=intercept, weights=places, decision=DECISION)


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    return Encoder.load(save_encoder(tmp_path / "model", random_model(2, int8=False), OURS.topic_ids))


def test_a_head_learns_the_direction_that_tells_them_apart() -> None:
    examples, others = weather(40)
    documents = [each.document for each in [*examples, *others]]
    truth = np.array([each.belongs for each in [*examples, *others]])
    rows_ = np.asarray(embedder("floods", "destroys", "batters")(documents), float)
    found = fit_head(rows_, truth)
    assert found.shape == (17,)
    assert ((head_logits(found, rows_) > 0) == truth).all()


def test_the_lexicons_no_is_enough_only_where_it_costs_few_examples() -> None:
    odds = np.linspace(-6, 6, 400)
    truth = odds > 0
    head_odds = np.where(truth, 4.0, -4.0)
    silent = odds < -5
    sure = fit_decision(HeldOut.of_one("t", odds, silent, head_odds, truth, np.ones(400)), only_where_terms=False)
    assert sure.reject is not None
    assert (odds[truth] <= sure.reject).mean() <= 0.02
    missed = truth | (np.arange(400) % 20 == 0)  # a twentieth of all texts, where the lexicon sees nothing too
    unsure = fit_decision(HeldOut.of_one("t", odds, silent, head_odds, missed, np.ones(400)), only_where_terms=False)
    assert unsure.reject is not None
    assert unsure.reject < sure.reject - 1
    assert (odds[missed] <= unsure.reject).mean() <= 0.02
    missed = truth | silent
    unsure = fit_decision(HeldOut.of_one("t", odds, silent, head_odds, missed, np.ones(400)), only_where_terms=False)
    assert unsure.reject is None or (odds <= unsure.reject).mean() <= 0.02
    fast = fit_decision(HeldOut.of_one("t", odds, silent, head_odds, missed, np.ones(400)), only_where_terms=True)
    assert fast.reject == pytest.approx(-5, abs=0.1)


def test_heads_come_back_from_their_file(tmp_path: Path) -> None:
    path = heads_path(OURS.model_copy(update={"path": tmp_path / "mine.yaml"}))
    assert path == tmp_path / "mine.heads.json"
    assert load_heads(path) == {}
    save_heads(path, {"storms": head({3: 1.5})})
    assert load_heads(path) == {"storms": head({3: 1.5})}
    path.write_text("[]")
    with pytest.raises(TaxonomyError, match=r"mine\.heads\.json.*geonews topics train"):
        load_heads(path)


def test_an_encoder_with_heads_gives_the_logits_of_both(encoder: Encoder) -> None:
    documents = [Document("the front", "", "shelling in the forum"), Document("", "", "rain fell " * 300)]
    joined = EncoderWithHeads(encoder, {"storms": head({0: 2.0}, 0.5), "floods": head({1: -1.0})})
    assert joined.card.topics == [*OURS.topic_ids, "storms", "floods"]
    assert joined.card.version != encoder.card.version
    np.testing.assert_allclose(joined.logits(documents)[:, :3], encoder.logits(documents), atol=1e-5)
    embeddings = encoder.embeddings(documents)
    expected = np.column_stack([0.5 + 2 * embeddings[:, 0], -embeddings[:, 1]])
    np.testing.assert_allclose(joined.lead_logits(documents)[:, 3:], expected, atol=1e-5)


def test_a_head_of_another_model_is_not_used_and_that_is_said(
    encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    taxonomy = OURS.model_copy(update={"topics": [*OURS.topics, TOPIC]})
    heads = {"storms": head(version="old"), "davos": head(), "gone": head()}
    with caplog.at_level(logging.WARNING):
        assert usable(heads, taxonomy, encoder) == {}
    assert "geonews topics train storms" in caplog.text
    assert usable({"storms": head()}, taxonomy, encoder).keys() == {"storms"}


def test_the_cascade_decides_a_topic_that_the_model_does_not_know_by_its_head_or_else_by_terms(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "model"
    (directory / "decisions.json").write_text("{}")
    monkeypatch.setattr("app.classification.encoder.encoder_directory", lambda: directory)
    path = tmp_path / "mine.yaml"
    assert OURS.path is not None
    topic = TOPIC.model_copy(update={"groups": {"signs": {"en": [Term(text="shelling")]}}, "rules": TOPIC.rules[:1]})
    path.write_text(with_topic(OURS.path, topic.model_copy(update={"intercept": -1}), "note"), "utf-8")
    taxonomy = load_taxonomy(path)
    texts = [Document("", "", "shelling"), Document("", "", "rain fell")]

    def found() -> tuple[list[bool], str]:
        classifier = registry.build_classifier("cascade", taxonomy, patience=0.0)
        assert isinstance(classifier, CascadeClassifier)
        given = [any(score.topic == "storms" for score in verdict.topics) for verdict in classifier.classify(texts)]
        return given, classifier.info.model_version

    by_terms, first = found()
    assert by_terms == [True, False]
    towards = encoder.embeddings(texts)[1] - encoder.embeddings(texts)[0]  # the head says the opposite of the terms
    middle = float(towards @ (encoder.embeddings(texts)[1] + encoder.embeddings(texts)[0])) / 2
    opposite = head({at: 30 * float(value) for at, value in enumerate(towards)}, -30 * middle)
    save_heads(heads_path(taxonomy), {"storms": opposite})
    by_head, second = found()
    assert by_head == [False, True]
    assert first != second


def test_topic_ids_are_checked() -> None:
    with pytest.raises(ValueError, match="id"):
        Topic(**(TOPIC.model_dump() | {"id": "Red Sea"}))
