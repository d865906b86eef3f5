"""GEONEWS_CLASSIFIER=hf:PATH, on tiny models in ONNX that the tests build; with PyTorch only where it is installed."""

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import onnx
import pytest

from app.classification.base import Document
from app.classification.hf import HYPOTHESIS
from app.classification.registry import build_classifier
from app.classification.taxonomy import TaxonomyError, Topic, load_taxonomy
from app.classification.training.graph import save_graph
from tests.model_tools import PIECES, spotting_model, tokenizer

TAXONOMY = load_taxonomy()
TEXTS = [Document("", "", "tariff tariff"), Document("front", "", "shelling shelling"), Document("", "", "rain fell")]


def folder(path: Path, labels: list[str], words: list[str], where: str = "model.onnx", **config: Any) -> str:
    """A model directory as `transformers` saves one, with a graph that spots one word for each label."""
    (path / where).parent.mkdir(parents=True, exist_ok=True)
    save_graph(spotting_model(*words), path / where)
    tokenizer().save_pretrained(path)
    names = {str(at): label for at, label in enumerate(labels)}
    (path / "config.json").write_text(json.dumps({"model_type": "bert", "id2label": names, **config}))
    return f"hf:{path}"


def topics(spec: str) -> list[set[str]]:
    return [{score.topic for score in verdict.topics} for verdict in build_classifier(spec, TAXONOMY).classify(TEXTS)]


def test_labels_that_are_our_topics_by_id_or_name(tmp_path: Path) -> None:
    spec = folder(
        tmp_path,
        ["Trade_Deals", "ukraine-war", "other"],
        ["tariff", "shelling", "rain"],
        problem_type="multi_label_classification",
    )
    assert topics(spec) == [{"trade-deals"}, {"ukraine-war"}, set()]
    classifier = build_classifier(spec, TAXONOMY)
    assert classifier.info.model == f"hf:{tmp_path.name}"
    assert classifier.info.taxonomy_version == TAXONOMY.version
    [first, *_] = classifier.classify(TEXTS)
    assert (first.stage, 0.5 <= first.topics[0].score <= 1) == ("hf", True)


def test_one_label_of_several_by_softmax(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["ukraine-war", "something else"], ["shelling", "rain"], "onnx/model.onnx")
    assert topics(spec) == [{"ukraine-war"}, {"ukraine-war"}, set()]  # an even chance is enough at a threshold of 0.5


@pytest.mark.parametrize("no", ["contradiction", "not_entailment"])
def test_natural_language_inference_asks_about_every_topic(tmp_path: Path, no: str) -> None:
    spec = folder(tmp_path, ["ENTAILMENT", no], ["shelling", "rain"])
    everything = set(TAXONOMY.topic_ids)
    assert topics(spec) == [everything, everything, set()]  # this model reads the text alone
    [_, sure, _] = build_classifier(spec, TAXONOMY).classify(TEXTS)
    assert all(score.score > 0.6 for score in sure.topics)


def test_many_texts_go_in_batches_and_keep_their_order(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["ukraine-war"], ["shelling"], problem_type="multi_label_classification")
    texts = [Document("", "", "shelling" if at % 3 == 0 else "rain fell") for at in range(50)]
    found = build_classifier(spec, TAXONOMY).classify(texts)
    assert [bool(verdict.topics) for verdict in found] == [at % 3 == 0 for at in range(50)]
    assert build_classifier(spec, TAXONOMY).classify([]) == []


def test_evidence_is_the_lexicons(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["trade-deals"], ["signed"], problem_type="multi_label_classification")
    text = Document("signed signed", "", "Canada and Korea sign a free trade agreement")
    [verdict] = build_classifier(spec, TAXONOMY).classify([text])
    assert any("free trade" in span.text for span in verdict.topics[0].evidence)


def test_topics_that_the_model_has_no_label_for_are_the_lexicons(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["ukraine-war"], ["rain"], problem_type="multi_label_classification")
    deal = Document("Canada and Korea sign a free trade agreement", "", "")
    found = build_classifier(spec, TAXONOMY).classify([deal, Document("rain", "", "rain rain"), Document("", "", "it")])
    assert [{score.topic for score in verdict.topics} for verdict in found] == [{"trade-deals"}, {"ukraine-war"}, set()]
    assert all(score.evidence for score in found[0].topics)


def test_a_model_with_room_for_few_tokens_reads_the_beginning(tmp_path: Path) -> None:
    spec = folder(
        tmp_path, ["ukraine-war"], ["shelling"], problem_type="multi_label_classification", max_position_embeddings=22
    )
    texts = [
        Document("", "", f"{'shelling ' * 10}{'rain ' * 900}"),
        Document("", "", f"{'rain ' * 30}{'shelling ' * 30}"),
    ]
    assert [bool(verdict.topics) for verdict in build_classifier(spec, TAXONOMY).classify(texts)] == [True, False]


def test_a_long_article_leaves_room_for_what_is_asked_about_it(tmp_path: Path) -> None:
    """The claims alone hold the word: were they cut off, nothing would be entailed."""
    spec = folder(tmp_path, ["entailment", "contradiction"], ["pact", "front"])
    asked = TAXONOMY.model_copy(
        update={"topics": [each.model_copy(update={"description": "pact " * 40}) for each in TAXONOMY.topics]}
    )
    [verdict] = build_classifier(spec, asked).classify([Document("", "", "rain " * 900)])
    assert len(verdict.topics) == len(TAXONOMY.topics)


def test_a_graph_may_ask_for_more_than_the_tokenizer_gives(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["ukraine-war"], ["shelling"], problem_type="multi_label_classification")
    path = tmp_path / "model.onnx"
    model = onnx.load(path)
    model.graph.input.append(onnx.helper.make_tensor_value_info("token_type_ids", onnx.TensorProto.INT64, ["b", "l"]))
    onnx.save(model, path)
    assert topics(spec) == [set(), {"ukraine-war"}, set()]


def test_the_version_tells_weights_apart(tmp_path: Path) -> None:
    versions = {
        build_classifier(folder(tmp_path, ["ukraine-war"], [word]), TAXONOMY).info.model_version
        for word in ("shelling", "rain")
    }
    assert len(versions) == 2


def torch_folder(path: Path, labels: list[str], **config: Any) -> tuple[str, Any]:
    """A tiny BERT with random weights, as `transformers` saves it; what tests ask of it is what it answers itself."""
    torch = pytest.importorskip("torch", reason="hf: with PyTorch is tested where PyTorch is: pip install torch")
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(3)
    sizes: dict[str, Any] = {
        "vocab_size": len(PIECES),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "initializer_range": 1.0,
    }
    make_config: Any = BertConfig
    make_model: Any = BertForSequenceClassification
    model = make_model(make_config(**sizes, id2label=dict(enumerate(labels)), **config)).eval()
    model.save_pretrained(path)
    tokenizer().save_pretrained(path)
    return f"hf:{path}", model


def test_a_model_in_pytorch_classifies_as_it_does_itself(tmp_path: Path) -> None:
    spec, model = torch_folder(tmp_path, TAXONOMY.topic_ids, problem_type="multi_label_classification")
    import torch

    found = build_classifier(spec, TAXONOMY).classify(TEXTS)
    for document, verdict in zip(TEXTS, found, strict=True):
        text = "\n".join(part for part in (document.title, document.text) if part)
        with torch.inference_mode():
            chances = torch.sigmoid(model(**tokenizer()([text], return_tensors="pt")).logits[0]).tolist()
        expected = {topic: chance for topic, chance in zip(TAXONOMY.topic_ids, chances, strict=True) if chance >= 0.5}
        assert {score.topic: score.score for score in verdict.topics} == pytest.approx(expected, abs=1e-4)
    assert {len(verdict.topics) for verdict in found} != {0}, "a model that never says yes shows nothing"


def test_a_model_in_pytorch_infers(tmp_path: Path) -> None:
    spec, model = torch_folder(tmp_path, ["contradiction", "neutral", "entailment"])
    import torch

    text = Document("", "", "shelling and rain")
    taxonomy = TAXONOMY.model_copy(update={"topics": [_certain(topic) for topic in TAXONOMY.topics]})
    [verdict] = build_classifier(spec, taxonomy).classify([text])
    for topic in TAXONOMY.topics:
        claim = HYPOTHESIS.format(topic.description.rstrip("."))
        with torch.inference_mode():
            given = tokenizer()(text.text, claim, truncation="longest_first", max_length=62, return_tensors="pt")
            no, _, yes = model(**given).logits[0].tolist()
        score = next(each.score for each in verdict.topics if each.topic == topic.id)
        assert score == pytest.approx(1 / (1 + math.exp(no - yes)), abs=1e-4)


def _certain(topic: Topic) -> Topic:
    """A topic that takes everything, so that every score is seen."""
    return topic.model_copy(update={"threshold": 1e-9})


def test_labels_that_mean_nothing_here_are_named(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"POSITIVE, NEGATIVE.*neither topics"):
        build_classifier(folder(tmp_path, ["POSITIVE", "NEGATIVE"], ["rain", "pact"]), TAXONOMY)


def test_a_folder_without_a_graph_needs_pytorch(tmp_path: Path) -> None:
    spec = folder(tmp_path, ["ukraine-war"], ["rain"])
    (tmp_path / "model.onnx").unlink()
    expected = "pip install torch" if importlib.util.find_spec("torch") is None else "hf:"
    with pytest.raises(TaxonomyError, match=expected):
        build_classifier(spec, TAXONOMY)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="hf:"):
        build_classifier(f"hf:{tmp_path}", TAXONOMY)
