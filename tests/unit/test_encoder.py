"""The transformer at run time: windows, batches, 8-bit arithmetic; on models that the tests build."""

from pathlib import Path

import numpy as np
import pytest

from app.classification import encoder as encoder_module
from app.classification.base import Document
from app.classification.encoder import BODY_MARGIN, Encoder
from app.classification.taxonomy import TaxonomyError
from app.classification.tokens import MOST_WINDOWS, WINDOW, Tokens
from app.classification.training.graph import Tap
from tests.model_tools import WIDTH, random_model, save_encoder, spotting_model, tokenizer

TOPICS = ["trade-deals", "ukraine-war", "davos"]
SHORT = Document("the minister spoke", "", "rain fell in the front")
TEXTS = [
    SHORT,
    Document("", "", "tariff"),
    Document("a pact", "he said it", "signed and then rain fell . " * 12),
    Document("", "", ""),
    Document("a title alone", "", ""),
]


@pytest.fixture(scope="module", params=[False, True], ids=["float", "int8"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    directory = tmp_path_factory.mktemp("model")
    return Encoder.load(save_encoder(directory, random_model(2, request.param), TOPICS))


def test_a_score_does_not_depend_on_what_shares_the_batch(encoder: Encoder) -> None:
    together = encoder.logits(TEXTS)
    alone = np.concatenate([encoder.logits([text]) for text in TEXTS])
    assert together.shape == (len(TEXTS), 3)
    assert np.abs(together - alone).max() < 1e-5
    assert len({tuple(row.round(4)) for row in together}) == len(TEXTS)


def test_many_small_batches_answer_in_order(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoder.logits(TEXTS)
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 20)
    assert np.allclose(encoder.logits(TEXTS), whole, atol=1e-5)


def test_only_texts_of_about_one_length_share_a_batch() -> None:
    assert list(encoder_module.batches([10, 100, 11, 105, 200])) == [[0, 2], [1, 3], [4]]


def test_eight_bits_say_what_floats_say(tmp_path: Path) -> None:
    exact, rough = (
        Encoder.load(save_encoder(tmp_path / str(int8), random_model(3, int8), TOPICS)).logits(TEXTS)
        for int8 in (False, True)
    )
    assert 0 < np.abs(exact - rough).max() < 0.05


def test_windows_are_the_lead_then_the_body_each_with_the_title() -> None:
    tokens = Tokens(tokenizer())
    [[only]] = tokens.windows([SHORT])
    assert (only.ids[0], only.ids[-1], only.body) == (0, 2, False)
    [long] = tokens.windows([Document("the minister spoke", "", "rain fell " * 5_000)])
    assert [window.body for window in long] == [False] + [True] * (MOST_WINDOWS - 1)
    assert all(len(window.ids) <= WINDOW for window in long)
    assert all(window.ids[: len(only.ids) - 6] == only.ids[: len(only.ids) - 6] for window in long)


def test_a_summary_that_the_text_begins_with_is_not_read_twice() -> None:
    tokens = Tokens(tokenizer())
    text = "the minister spoke and then rain fell"
    assert tokens.windows([Document("a pact", text, text)]) == tokens.windows([Document("a pact", "", text)])
    assert tokens.windows([Document("a pact", "he said it", text)]) != tokens.windows([Document("a pact", "", text)])


def test_a_subject_of_the_body_alone_counts_less_than_one_of_the_lead(tmp_path: Path) -> None:
    model = Encoder.load(save_encoder(tmp_path, spotting_model("tariff"), ["trade-deals"]))
    filler, subject = "rain fell in the front . " * 80, "tariff " * 240
    lead, body = model.logits([Document("", "", subject), Document("", "", filler + subject)])[:, 0]
    nothing = model.logits([Document("", "", filler)])[0, 0]
    assert body == pytest.approx(lead - BODY_MARGIN, abs=0.3)
    assert body > nothing + 1


def test_embeddings_are_of_length_one_and_alike_where_texts_are(encoder: Encoder, tmp_path: Path) -> None:
    found = encoder.embeddings(TEXTS)
    assert found.shape == (len(TEXTS), WIDTH)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert np.abs(found[:1] - encoder.embeddings(TEXTS[:1])).max() < 1e-5
    words = Encoder.load(save_encoder(tmp_path, spotting_model("tariff"), ["trade-deals"]))
    rain, more_rain, pact = words.embeddings(
        [Document("", "", text) for text in ("rain fell", "and then rain fell", "a pact signed")]
    )
    assert rain @ more_rain > rain @ pact + 0.1


def test_embeddings_are_drawn_off_below_the_layers_that_learn(tmp_path: Path) -> None:
    centre, spread = np.full(WIDTH, 0.1, np.float32), np.full(WIDTH, 2.0, np.float32)
    spread[0] = 0.01  # so that the first place outweighs all others
    shallow, deep = (
        Encoder.load(save_encoder(tmp_path / str(layers), random_model(layers, False, Tap(1, centre, spread)), TOPICS))
        for layers in (1, 2)
    )
    found = shallow.embeddings(TEXTS)
    assert np.abs(found[:, 0]).min() > 0.5
    # Layers are drawn in turn from one seed: the first of two is the first of one.
    assert np.abs(deep.embeddings(TEXTS) - found).max() < 1e-5
    assert np.abs(deep.logits(TEXTS) - shallow.logits(TEXTS)).max() > 1e-3


def test_a_directory_without_a_model_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="make model"):
        Encoder.load(tmp_path)
    save_encoder(tmp_path, spotting_model("tariff"), ["trade-deals"])
    (tmp_path / "model.json").write_text('{"topics": []}')
    with pytest.raises(TaxonomyError, match=r"model\.json"):
        Encoder.load(tmp_path)
    (tmp_path / "model.json").write_text('{"topics": ["a"], "version": "1"}')
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(TaxonomyError, match="make model"):
        Encoder.load(tmp_path)
