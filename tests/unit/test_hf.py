"""GEONEWS_CLASSIFIER=hf:PATH, on tiny models in ONNX that the tests build; with PyTorch only where it is installed."""

import importlib.util
import json
from pathlib import Path

import pytest

from app.classification.base import Document
from app.classification.registry import build_classifier
from app.classification.taxonomy import TaxonomyError, load_taxonomy
from app.classification.training.graph import save_graph
from tests.model_tools import spotting_model, tokenizer

TAXONOMY = load_taxonomy()
TEXTS = [Document("", "", "tariff tariff"), Document("front", "", "shelling shelling"), Document("", "", "rain fell")]


def folder(path: Path, labels: list[str], words: list[str], where: str = "model.onnx", **config: str) -> str:
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
