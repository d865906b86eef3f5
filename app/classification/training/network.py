"""The encoder in JAX: embeddings, layers, pooling and one logit a topic. Trees of arrays in, arrays out."""

from collections.abc import Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp

from app.classification.training.source import EPSILON, Tree

Tensor = Any  # jax.Array; jax's own annotations do not survive `jax.jit`

_HIDDEN: Final = -1e9  # logit of a position that is padding


def normalise(x: Tensor, norm: Tensor) -> Tensor:
    """Layer norm over the last axis; `norm` is [2, width]."""
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + EPSILON) * norm[0] + norm[1]


def embed(words: Tensor, positions: Tensor, norm: Tensor) -> Tensor:
    """Embeddings [batch, length, width] of looked-up words; `positions` already contains the one segment's vector."""
    return normalise(words + positions[: words.shape[1]], norm)


def layer(weights: Tree, x: Tensor, mask: Tensor, heads: int, key: Tensor | None, drop: float) -> Tensor:
    """One transformer layer on [batch, length, width]; `mask` is [batch, length] of 0 and 1; no key: no dropout."""
    batch, length, width = x.shape

    def split(name: str) -> Tensor:
        projected = x @ weights[name] + weights[f"{name}_b"]
        return projected.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    q, k, v = split("q"), split("k"), split("v")
    odds = q @ k.transpose(0, 1, 3, 2) / (width // heads) ** 0.5 + (1 - mask)[:, None, None, :] * _HIDDEN
    seen = (jax.nn.softmax(odds, -1) @ v).transpose(0, 2, 1, 3).reshape(batch, length, width)
    first, second = (None, None) if key is None else jax.random.split(key)
    x = normalise(x + dropout(seen @ weights["ao"] + weights["ao_b"], first, drop), weights["aln"])
    inner = jax.nn.gelu(x @ weights["fi"] + weights["fi_b"], approximate=False)
    return normalise(x + dropout(inner @ weights["fo"] + weights["fo_b"], second, drop), weights["oln"])


def dropout(x: Tensor, key: Tensor | None, rate: float) -> Tensor:
    """Zero a share of `x` and scale the rest; no key: leave it."""
    if key is None or rate <= 0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def layers(
    weights: Sequence[Tree], x: Tensor, mask: Tensor, heads: int, key: Tensor | None = None, drop: float = 0
) -> Tensor:
    """Several layers after one another."""
    keys = [None] * len(weights) if key is None else jax.random.split(key, len(weights))
    for each, own in zip(weights, keys, strict=True):
        x = layer(each, x, mask, heads, own, drop)
    return x


def pool(x: Tensor, mask: Tensor) -> Tensor:
    """The mean over positions that are not padding, [batch, width]: what the pretraining used too."""
    weight = mask[:, :, None]
    return (x * weight).sum(1) / weight.sum(1)


def head(weights: Tree, pooled: Tensor, key: Tensor | None = None, drop: float = 0) -> Tensor:
    """Logits [batch, topics] of pooled vectors."""
    return dropout(pooled, key, drop) @ weights["out"] + weights["out_b"]
