"""The trained encoder as an ONNX graph, in float or with 8-bit weights.

8-bit matrices run as `MatMulNBits` (ONNX Runtime): weights have a scale for each block of `BLOCK`, activations are
quantised by row and block as they come. So a text's score does not depend on which texts share its batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.classification.training.source import EPSILON, Array, Tree

BLOCK: Final = 64
_MICROSOFT: Final = "com.microsoft"
_INT8_ACTIVATIONS: Final = 4  # MatMulNBits's accuracy level for 8-bit arithmetic
_ZERO: Final = 128


@dataclass(frozen=True, slots=True)
class Tap:
    """Where the embedding is drawn off: the mean state after `layers` layers, less `centre`, over `spread` [width]."""

    layers: int
    centre: Array
    spread: Array


def build_graph(
    words: Array, positions: Array, norm: Array, layers: Sequence[Tree], head: Tree, heads: int, int8: bool,
    tap: Tap | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """`input_ids`, `attention_mask` [batch, length] → `logits` [batch, topics] and `embedding` [batch, width].

    An embedding has length 1. Without `tap` it is the state that the logits are made of.
    """
    graph = _Graph(int8)
    width = words.shape[1]
    tap = tap or Tap(len(layers), np.zeros(width, np.float32), np.ones(width, np.float32))
    x = graph.embedding(words, positions, norm)
    for at, layer in enumerate(layers):
        if at == tap.layers:
            graph.tapped(x, tap)
        x = graph.layer(f"layer{at}", x, layer, heads)
    if tap.layers == len(layers):
        graph.tapped(x, tap)
    graph.node("Add", [graph.node("MatMul", [graph.pooled(x), graph.constant("out", head["out"])]),
                       graph.constant("out_b", head["out_b"])], "logits")  # fmt: skip
    return graph.model(width, head["out"].shape[1])


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    """Check and write. Raises onnx's ValidationError when the graph makes no sense."""
    path.write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    def __init__(self, int8: bool) -> None:
        self._int8 = int8
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def constant(self, name: str, value: npt.ArrayLike, kind: Any = np.float32) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value, kind), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def embedding(self, words: Array, positions: Array, norm: Array) -> str:
        if self._int8:
            scale = np.abs(words).max(1, keepdims=True) / 127 + 1e-12
            table = self.constant("words", np.rint(words / scale), np.int8)
            looked_up = self.node("Cast", [self.node("Gather", [table, "input_ids"])], to=TensorProto.FLOAT)
            x = self.node("Mul", [looked_up, self.node("Gather", [self.constant("scales", scale), "input_ids"])])
        else:
            x = self.node("Gather", [self.constant("words", words), "input_ids"])
        length = self.node("Shape", ["input_ids"], start=1, end=2)
        zero = self.constant("zero", [0], np.int64)
        place = self.node("Slice", [self.constant("positions", positions), zero, length, zero])
        return self._normalise("embedding", self.node("Add", [x, place]), norm)

    def layer(self, name: str, x: str, weights: Mapping[str, Array], heads: int) -> str:
        joined = np.concatenate([weights[part] for part in "qkv"], 1)
        bias = np.concatenate([weights[f"{part}_b"] for part in "qkv"])
        q, k, v = (f"{name}_{part}" for part in "qkv")
        qkv = self._matrix(f"{name}_qkv_w", x, joined)
        self._nodes.append(helper.make_node("Split", [qkv], [q, k, v], axis=2, num_outputs=3))
        inputs = [q, k, v, self.constant(f"{name}_qkv_b", bias), "attention_mask"]
        seen = self.node("MultiHeadAttention", inputs, num_heads=heads, domain=_MICROSOFT)
        x = self._skip(f"{name}_aln", x, self._matrix(f"{name}_ao_w", seen, weights["ao"]), weights, "aln", "ao_b")
        inner = self._matrix(f"{name}_fi_w", x, weights["fi"])
        inner = self.node("BiasGelu", [inner, self.constant(f"{name}_fi_b", weights["fi_b"])], domain=_MICROSOFT)
        return self._skip(f"{name}_oln", x, self._matrix(f"{name}_fo_w", inner, weights["fo"]), weights, "oln", "fo_b")

    def pooled(self, x: str) -> str:
        mask = self.node("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        mask = self.node("Unsqueeze", [mask, self.constant("last", [-1], np.int64)])
        along = self.constant("along", [1], np.int64)
        total = self.node("ReduceSum", [self.node("Mul", [x, mask]), along], keepdims=0)
        return self.node("Div", [total, self.node("ReduceSum", [mask, along], keepdims=0)])

    def tapped(self, x: str, tap: Tap) -> None:
        centred = self.node("Sub", [self.pooled(x), self.constant("centre", tap.centre)])
        even = self.node("Div", [centred, self.constant("spread", tap.spread)])
        self.node("LpNormalization", [even], "embedding", axis=1, p=2)

    def model(self, width: int, topics: int) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT32, ["batch", "length"]),
        ]
        outputs = [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", topics]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", width]),
        ]
        graph = helper.make_graph(self._nodes, "encoder", inputs, outputs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="geonews")

    def _normalise(self, name: str, x: str, norm: Array) -> str:
        names = [self.constant(f"{name}_scale", norm[0]), self.constant(f"{name}_shift", norm[1])]
        return self.node("LayerNormalization", [x, *names], axis=-1, epsilon=EPSILON)

    def _skip(self, name: str, x: str, change: str, weights: Mapping[str, Array], norm: str, bias: str) -> str:
        scale, shift = weights[norm]
        constants = [("scale", scale), ("shift", shift), ("bias", weights[bias])]
        names = [self.constant(f"{name}_{part}", value) for part, value in constants]
        return self.node("SkipLayerNormalization", [x, change, *names], epsilon=EPSILON, domain=_MICROSOFT)

    def _matrix(self, name: str, x: str, weights: Array) -> str:
        """`x @ weights`; `weights` is [in, out]."""
        if not self._int8:
            return self.node("MatMul", [x, self.constant(name, weights)])
        packed, scales = quantised(weights)
        names = [self.constant(name, packed, np.uint8), self.constant(f"{name}_scales", scales)]
        size: dict[str, Any] = {"K": weights.shape[0], "N": weights.shape[1], "bits": 8, "block_size": BLOCK}
        return self.node("MatMulNBits", [x, *names], accuracy_level=_INT8_ACTIVATIONS, domain=_MICROSOFT, **size)


def quantised(weights: Array) -> tuple[npt.NDArray[np.uint8], Array]:
    """[in, out] as bytes [out, blocks, BLOCK] around 128, and scales [out * blocks]."""
    inner, outer = weights.shape
    blocks = weights.T.reshape(outer, inner // BLOCK, BLOCK)
    scales = np.abs(blocks).max(2, keepdims=True) / 127 + 1e-12
    packed = (np.rint(blocks / scales) + _ZERO).astype(np.uint8)
    return packed, scales.astype(np.float32).reshape(-1)
