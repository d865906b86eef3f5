"""Training: what is learned from, what is decided, and, where the extra `train` is installed, one tiny run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.classification.evaluation import split_of
from app.classification.lexicon import LexiconClassifier
from app.classification.taxonomy import Taxonomy
from app.classification.training import decide
from app.classification.training import held_out as held_out_module
from app.classification.training.decide import HeldOut
from app.classification.training.errors import TrainingError
from app.classification.training.graph import BLOCK, quantised

RANDOM = np.random.default_rng(5)
TOPIC = {"id": "trade", "name": "trade", "description": "trade", "groups": {"words": {"en": ["tariff"]}}}
LEXICON = LexiconClassifier(
    Taxonomy.model_validate(
        {"version": "1", "topics": [TOPIC | {"rules": [{"id": "word", "all": ["words"], "points": 8.0}]}]}
    )
)


def held_out(lexicon: Any, encoder: Any, truth: Any) -> HeldOut:
    columns = [np.asarray(each)[:, None] for each in (lexicon, encoder, truth)]
    count = len(columns[0])
    each = np.ones(count)
    return HeldOut(["topic"], columns[0], np.zeros((count, 1), bool), columns[1], columns[2], each)


def test_the_better_stage_gets_the_greater_say() -> None:
    truth = RANDOM.random(2000) < 0.4
    signs = np.where(truth, 1.0, -1.0)
    noise = RANDOM.normal(0, 1, (2, 2000))
    found = decide.decide(held_out(signs * 0.3 + noise[0], signs * 2 + noise[1], truth))["topic"]
    assert found.both.encoder > 2 * found.both.lexicon > 0
    assert found.lexicon.encoder == found.encoder.lexicon == 0


def test_decided_scores_are_probabilities() -> None:
    odds = RANDOM.normal(0, 2, 4000)
    truth = RANDOM.random(4000) < 1 / (1 + np.exp(-(0.7 * odds - 1)))
    data = held_out(odds * 3, odds * 3 + RANDOM.normal(0, 0.1, 4000), truth)
    own = decide.decide(data)["topic"].both
    assert decide.calibration_error(decide.apply(own, data, 0), truth) < 0.03
    assert decide.calibration_error(1 / (1 + np.exp(-odds * 3)), truth) > 0.1
    assert own.threshold < 0.5  # with few positives the best F1 takes more of them


def test_beyond_the_cuts_a_second_opinion_would_change_nearly_nothing() -> None:
    odds = np.linspace(-5, 5, 1001)
    other = np.where(np.abs(odds) < 2, RANDOM.normal(0, 3, 1001), np.sign(odds) * 3)
    data = held_out(odds, other, odds > 0)
    found = decide.decide(data)["topic"]
    yes = decide.apply(found.both, data, 0) >= found.both.threshold
    assert found.accept is not None
    assert found.reject is not None
    assert (~yes[odds >= found.accept]).sum() <= decide.CHANGED * yes.sum()
    assert yes[odds <= found.reject].sum() <= decide.CHANGED * yes.sum()
    # Nor would it further in, but there too few texts are left to ask about.
    assert found.accept - found.reject < 4.2


def test_where_the_other_stage_decides_there_is_no_cut() -> None:
    odds, other = RANDOM.normal(0, 1, 500), RANDOM.normal(0, 3, 500)
    found = decide.decide(held_out(odds, other, other > 0))["topic"]
    assert (found.accept, found.reject) == (None, None)


def test_texts_count_as_often_as_they_stand_for_others() -> None:
    odds = RANDOM.normal(0, 2, 2000)
    honest = np.arange(2000) % 2 == 0
    truth = np.where(honest, RANDOM.random(2000) < 1 / (1 + np.exp(-odds)), odds > 0)
    flattered, fair = held_out(odds, odds, truth), held_out(odds, odds, truth)
    fair.counts[~honest] = 0.01
    steep, flat = (decide.decide(data)["topic"].lexicon for data in (flattered, fair))
    assert flat.lexicon < steep.lexicon
    assert flat.lexicon == pytest.approx(1, abs=0.2)


def test_the_lexicon_is_never_certain_next_to_its_own_threshold() -> None:
    odds = np.concatenate([np.linspace(-5, -0.1, 500), np.linspace(0.1, 5, 500)])
    found = decide.decide(held_out(odds, odds, odds > 0))["topic"]
    assert found.accept is not None
    assert found.reject is not None
    assert found.accept - found.reject >= 2 * decide.GAP


def test_eight_bit_blocks_give_back_what_went_in() -> None:
    weights = RANDOM.normal(0, 1, (2 * BLOCK, 3)).astype(np.float32)
    packed, scales = quantised(weights)
    back = (packed.astype(np.float32) - 128) * scales.reshape(3, 2, 1)
    assert packed.shape == (3, 2, BLOCK)
    assert np.abs(back.reshape(3, -1).T - weights).max() <= scales.max() / 2 + 1e-6


def _line(name: str, text: str, labels: list[str] | None = None) -> str:
    return json.dumps({"id": name, "lang": "en", "title": "", "text": text, "labels": labels or [], "hard": False})


def test_nothing_held_out_is_learned_from_and_a_story_is_in_one_fold(tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="needs the extra `train`")
    from app.classification.training.rows import load_rows

    names = [f"row-{at}" for at in range(40)]
    test = next(name for name in names if split_of("written", name) == "test")
    dev = [name for name in names if split_of("written", name) == "dev"]
    story = "Ministers of {} signed an agreement on grain and steel in the capital on Monday after long talks."
    labelled = tmp_path / "labelled.jsonl"
    lines = [_line(test, "Snow fell on the mountain village all night and closed the only road to the valley.")]
    lines += [_line(dev[0], story.format("Peru")), _line(dev[1], "Football fans filled the square after the match.")]
    labelled.write_text("\n".join(lines))
    extra = tmp_path / "extra.jsonl"
    copy = "Snow fell on the mountain village all night and closed the only road to the town."
    extra.write_text("\n".join([_line("x", copy), _line("y", story.format("Chile")), _line(test[::-1], "New words.")]))
    found = load_rows([labelled], [extra], folds=3)
    assert found.left_out == 1
    by_name = {row.example.id: row for row in found.rows}
    assert set(by_name) == {dev[0], dev[1], "y", test[::-1]}
    assert by_name["y"].story == by_name[dev[0]].story != by_name[dev[1]].story
    assert by_name["y"].fold == by_name[dev[0]].fold
    assert [by_name["y"].extra, by_name[dev[0]].extra] == [True, False]


def test_jax_and_onnx_runtime_compute_the_same(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax", reason="needs the extra `train`")
    import onnxruntime

    from app.classification.training import network
    from app.classification.training.graph import build_graph, save_graph
    from tests.model_tools import HEADS, INNER, WIDTH

    def matrix(*shape: int) -> Any:
        return RANDOM.normal(0, 0.2, shape).astype(np.float32)

    sizes = dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH)) | {"fi": (WIDTH, INNER), "fo": (INNER, WIDTH)}
    layers = []
    for _ in range(2):
        weights = {name: matrix(*shape) for name, shape in sizes.items()}
        weights |= {f"{name}_b": matrix(shape[1]) for name, shape in sizes.items()}
        layers.append(weights | {"aln": matrix(2, WIDTH), "oln": matrix(2, WIDTH)})
    head, words, positions, norm = (
        {"out": matrix(WIDTH, 3), "out_b": matrix(3)},
        matrix(30, WIDTH),
        matrix(9, WIDTH),
        matrix(2, WIDTH),
    )
    ids = RANDOM.integers(0, 30, (3, 7))
    mask = (np.arange(7) < np.array([7, 4, 1])[:, None]).astype(np.int32)
    save_graph(build_graph(words, positions, norm, layers, head, HEADS, int8=False), tmp_path / "m.onnx")
    session: Any = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    given = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
    states = network.layers(layers, network.embed(words[ids], positions, norm), mask.astype(np.float32), HEADS)
    expected = network.head(head, network.pool(states, mask.astype(np.float32)))
    assert np.abs(given - np.asarray(expected)).max() < 1e-4
    assert jax.default_backend() == "cpu"


def test_decisions_are_made_anew_from_what_was_kept(tmp_path: Path) -> None:
    names = [f"row-{at}" for at in range(300)]
    test = {name for name in names if split_of("written", name) == "test"}
    words = ["tariff" if at % 2 else "rain" for at in range(300)]
    labelled, written, fresh = (tmp_path / f"{name}.jsonl" for name in ("labelled", "written", "fresh"))
    lines = [_line(name, word, ["trade"] if word == "tariff" else []) for name, word in zip(names, words, strict=True)]
    labelled.write_text("\n".join(lines[:200]))
    written.write_text("\n".join(lines[200:250]))
    fresh.write_text("\n".join(lines[240:]))
    held_out_module.save(tmp_path, names, [[3.0 if word == "tariff" else -3.0] for word in words], ["trade"])
    found = held_out_module.load(tmp_path, LEXICON, [labelled], [written], [fresh])
    assert len(found.truth) == 300 - len(test & set(names[:200]))
    kinds = [held_out_module.LABELLED, held_out_module.WRITTEN, held_out_module.FRESH]
    assert [int((found.counts == kind).sum()) for kind in kinds] == [len(found.truth) - 100, 50, 50]
    assert (found.encoder[:, 0] > 0).tolist() == found.truth[:, 0].tolist() == (found.lexicon[:, 0] > 0).tolist()
    assert found.silent[:, 0].tolist() == (~found.truth[:, 0]).tolist()
    decided = decide.decide(found)["trade"]
    assert decided.both.probability(3.0, 3.0) > 0.95
    assert decided.both.probability(-3.0, -3.0, silent=True) < 0.05


def test_what_was_kept_for_other_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="make model"):
        held_out_module.load(tmp_path, LEXICON, [], [])
    held_out_module.save(tmp_path, ["gone"], [[0.0]], ["trade"])
    with pytest.raises(TrainingError, match="none of the labelled texts"):
        held_out_module.load(tmp_path, LEXICON, [], [])
