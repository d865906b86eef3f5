"""Models so small that tests build them: a tokenizer of whole words, and encoders of a few layers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from app.classification.encoder import CARD_FILE, MODEL_FILE
from app.classification.training.graph import Tap, build_graph, save_graph

WIDTH, HEADS, INNER, POSITIONS = 64, 2, 128, 512
WORDS = "the a of in minister spoke rain fell signed tariff pact truce shelling front forum summit and he said then it"
PIECES = ["<s>", "<pad>", "</s>", "<unk>", *("\u2581" + word for word in WORDS.split()), "\u2581", "."]


def tokenizer() -> Any:
    """A fast tokenizer that knows PIECES, in the form in which the shipped one is saved."""
    from app.classification.tokens import quiet

    quiet()
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.Unigram([(piece, -float(at) / 100) for at, piece in enumerate(PIECES)], unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    make: Any = PreTrainedTokenizerFast
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return make(tokenizer_object=made, **names, model_max_length=POSITIONS)


def random_model(layers: int, int8: bool, tap: Tap | None = None) -> onnx.ModelProto:
    """Random weights, three topics; the same at every call."""
    random = np.random.default_rng(3)

    def matrix(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.1, shape).astype(np.float32)

    def norm() -> npt.NDArray[np.float32]:
        return np.stack([np.ones(WIDTH), np.zeros(WIDTH)]).astype(np.float32)

    def layer() -> dict[str, npt.NDArray[np.float32]]:
        sizes = dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH)) | {"fi": (WIDTH, INNER), "fo": (INNER, WIDTH)}
        weights = {name: matrix(*shape) for name, shape in sizes.items()}
        return (
            weights | {f"{name}_b": matrix(shape[1]) for name, shape in sizes.items()} | {"aln": norm(), "oln": norm()}
        )

    head = {"out": matrix(WIDTH, 3), "out_b": matrix(3)}
    words, positions = matrix(len(PIECES), WIDTH), matrix(POSITIONS, WIDTH)
    return build_graph(words, positions, norm(), [layer() for _ in range(layers)], head, HEADS, int8, tap)


def spotting_model(*wanted: str, bias: float = -3.0) -> onnx.ModelProto:
    """One logit for each word of `wanted`: the more of a text's tokens are that word, the higher. No layers at all."""
    words = np.zeros((len(PIECES), WIDTH), np.float32)
    words[np.arange(len(PIECES)), np.arange(len(PIECES))] = 1.0
    head = np.zeros((WIDTH, len(wanted)), np.float32)
    for at, word in enumerate(wanted):
        head[PIECES.index("\u2581" + word), at] = 20.0
    norm = np.stack([np.ones(WIDTH), np.zeros(WIDTH)]).astype(np.float32)
    out = {"out": head, "out_b": np.full(len(wanted), bias, np.float32)}
    return build_graph(words, np.zeros((POSITIONS, WIDTH), np.float32), norm, [], out, HEADS, int8=False)


def save_encoder(directory: Path, model: onnx.ModelProto, topics: list[str]) -> Path:
    """A model directory as `geonews train` writes it, without decisions."""
    directory.mkdir(parents=True, exist_ok=True)
    save_graph(model, directory / MODEL_FILE)
    tokenizer().save_pretrained(directory)
    (directory / CARD_FILE).write_text(json.dumps({"topics": topics, "version": "tiny"}))
    return directory
