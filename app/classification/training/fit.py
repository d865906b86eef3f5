"""Fine-tuning: the upper layers and the head learn, what lies below them is computed once."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from app.classification.training import network
from app.classification.training.items import Item, length_of, padded
from app.classification.training.network import Tensor
from app.classification.training.source import Array, Pretrained, Tree

BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides how training goes. Measured alternatives are in docs/quality.md."""

    depth: int = 12  # layers that the model keeps, from the bottom
    trained: int = 4  # of them, from the top, that learn
    epochs: int = 6
    rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 0.01
    dropout: float = 0.1
    smoothing: float = 0.02  # labels are 0.01 and 0.99
    balance: float = 0.0  # a positive counts (negatives per positive) ** balance
    event: float = 3.0  # how much a real event of the labelled data counts beside a written text
    average: float = 0.95  # how much of the running average of weights stays at each step
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Inputs:
    """One item as the trained layers see it: states [length, width] in half precision, and its true length."""

    states: npt.NDArray[np.float16]
    size: int


@dataclass(frozen=True)
class Trainer:
    """Everything that stays the same while weights change. `targets` is [rows, topics]."""

    recipe: Recipe
    heads: int
    items: Sequence[Item]
    inputs: Sequence[Inputs]
    targets: Array

    def batches(self, chosen: Sequence[int], seed: int | None) -> Iterator[tuple[list[int], Array, Array]]:
        """Items' indices with states [BATCH, length, width] and mask; a seed shuffles, each batch of one length."""
        by_length: dict[int, list[int]] = {}
        random = np.random.default_rng(seed)
        order = random.permutation(len(chosen)) if seed is not None else np.arange(len(chosen))
        for place in order:
            at = chosen[int(place)]
            by_length.setdefault(length_of(self.items[at]), []).append(at)
        parts = [
            (length, found[start : start + BATCH])
            for length, found in sorted(by_length.items())
            for start in range(0, len(found), BATCH)
        ]
        if seed is not None:
            parts = [parts[at] for at in random.permutation(len(parts))]
        for length, part in parts:
            width = self.inputs[part[0]].states.shape[1]
            states = np.zeros((BATCH, length, width), np.float32)
            mask = np.zeros((BATCH, length), np.float32)
            mask[len(part) :, 0] = 1  # rows that only fill the batch; a mean over nothing would be no number
            for place, at in enumerate(part):
                size = self.inputs[at].size
                states[place, :size], mask[place, :size] = self.inputs[at].states, 1
            yield part, states, mask

    def start(self, source: Pretrained) -> Tree:
        """Weights before training: the pretrained layers and a head of small random numbers."""
        recipe = self.recipe
        random = np.random.default_rng(recipe.seed)
        width, topics = source.words.shape[1], self.targets.shape[1]
        head = {"out": random.normal(0, 0.02, (width, topics)).astype(np.float32), "out_b": np.zeros(topics)}
        head["out_b"] = np.full(topics, -1.0, np.float32)
        upper = [dict(each) for each in source.layers[recipe.depth - recipe.trained : recipe.depth]]
        return {"layers": jax.tree.map(jnp.asarray, upper), "head": jax.tree.map(jnp.asarray, head)}

    def fit(
        self,
        weights: Tree,
        chosen: Sequence[int],
        epochs: int,
        on_epoch: Callable[[int, Tree], bool],
        on_step: Callable[[int], None],
    ) -> Tree:
        """Train on rows of `chosen`; `on_epoch` sees the averaged weights and may say False to stop early.

        The rate falls to nothing over `recipe.epochs` even where fewer are asked for. `on_step` is told how many rows.
        """
        recipe = self.recipe
        balance = self._balance(chosen)
        state, average, key = self._optimiser.init(weights), weights, jax.random.key(recipe.seed)
        for epoch in range(epochs):
            seed = recipe.seed * 1000 + epoch
            parts = list(self.batches(self._one_form_a_row(chosen, seed), seed))
            for place, (part, states, mask) in enumerate(parts):
                key, own = jax.random.split(key)
                targets, share = self._targets(part)
                rate = _rate((epoch + place / len(parts)) / recipe.epochs)
                weights, state, average = self._step(
                    weights, state, average, states, mask, targets, share, balance, rate, own
                )
                on_step(len(part))
            if not on_epoch(epoch, average):
                break
        return average

    def logits(self, weights: Tree, chosen: Sequence[int]) -> Array:
        """Logits [chosen, topics], in order."""
        found: Array = np.zeros((len(self.items), self.targets.shape[1]), np.float32)
        for part, states, mask in self.batches(chosen, None):
            found[part] = np.asarray(self._forward(weights, states, mask))[: len(part)]
        picked: Array = found[list(chosen)]
        return picked

    @cached_property
    def _optimiser(self) -> Any:
        return optax.chain(
            optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98), optax.add_decayed_weights(self.recipe.decay)
        )

    @cached_property
    def _step(self) -> Any:
        return _step(self.heads, self.recipe, self._optimiser)

    @cached_property
    def _forward(self) -> Any:
        return _forward(self.heads)

    def _one_form_a_row(self, chosen: Sequence[int], seed: int) -> list[int]:
        """Of each row's items one, drawn by their chances."""
        random = np.random.default_rng(seed)
        of_row: dict[int, list[int]] = {}
        for at in chosen:
            of_row.setdefault(self.items[at].row, []).append(at)
        drawn = []
        for found in of_row.values():
            chances = np.array([self.items[at].chance for at in found])
            drawn.append(found[int(random.choice(len(found), p=chances / chances.sum()))])
        return drawn

    def _targets(self, part: Sequence[int]) -> tuple[Array, Array]:
        targets = np.zeros((BATCH, self.targets.shape[1]), np.float32)
        share = np.zeros(BATCH, np.float32)
        for place, at in enumerate(part):
            targets[place], share[place] = self.targets[self.items[at].row], self.items[at].weight
        return targets, share

    def _balance(self, chosen: Sequence[int]) -> Array:
        """How much a positive counts, by topic."""
        shown = self.targets[[self.items[at].row for at in chosen]]
        rate: Any = np.clip(shown.mean(0), 0.02, 0.98)
        counts: Array = (((1 - rate) / rate) ** self.recipe.balance).astype(np.float32)
        return counts


def lower_states(source: Pretrained, items: Sequence[Item], pad: int, kept: Sequence[int], layers: int,
                 on_step: Callable[[int], None]) -> list[Inputs]:  # fmt: skip
    """What the first `layers` layers make of every item; `kept` are the source's ids of the tokenizer's pieces."""
    positions = jnp.asarray(source.positions + source.kind)
    frozen = jax.tree.map(jnp.asarray, list(source.layers[:layers]))

    def states(words: Tensor, mask: Tensor) -> Tensor:
        return network.layers(frozen, network.embed(words, positions, source.embedding_norm), mask, source.heads)

    compiled = jax.jit(states)
    found: list[Inputs | None] = [None] * len(items)
    ordered = sorted(range(len(items)), key=lambda at: len(items[at].ids))
    where = np.asarray(kept)
    for start in range(0, len(ordered), BATCH):
        part = ordered[start : start + BATCH]
        shown = [items[at] for at in part]
        ids, mask = padded([*shown, *[shown[-1]] * (BATCH - len(part))], pad, length_of(shown[-1]))
        made = np.asarray(compiled(source.words[where[ids]], mask)).astype(np.float16)
        for place, at in enumerate(part):
            size = len(items[at].ids)
            found[at] = Inputs(made[place, :size], size)
        on_step(len(part))
    return [each for each in found if each is not None]


def _rate(done: float) -> float:
    """The learning rate's factor when a share of training is done: up for a tenth, then down a quarter wave."""
    return done / 0.1 if done < 0.1 else 0.02 + 0.98 * (1 + math.cos(math.pi * (done - 0.1) / 0.9)) / 2


def _forward(heads: int) -> Any:
    def forward(weights: Tree, states: Tensor, mask: Tensor) -> Tensor:
        return network.head(weights["head"], network.pool(network.layers(weights["layers"], states, mask, heads), mask))

    return jax.jit(forward)


def _step(heads: int, recipe: Recipe, optimiser: Any) -> Any:
    def loss(
        weights: Tree, states: Tensor, mask: Tensor, targets: Tensor, share: Tensor, balance: Tensor, key: Tensor
    ) -> Tensor:
        first, second = jax.random.split(key)
        upper = network.layers(weights["layers"], states, mask, heads, first, recipe.dropout)
        odds = network.head(weights["head"], network.pool(upper, mask), second, recipe.dropout)
        smooth = targets * (1 - recipe.smoothing) + recipe.smoothing / 2
        each = optax.sigmoid_binary_cross_entropy(odds, smooth)
        counted = each * (1 + targets * (balance - 1)) * share[:, None]
        return counted.sum() / (share.sum() * targets.shape[1])

    def step(
        weights: Tree, state: Any, average: Tree, states: Tensor, mask: Tensor, targets: Tensor, share: Tensor,
        balance: Tensor, rate: Tensor, key: Tensor,
    ) -> tuple[Tree, Any, Tree]:  # fmt: skip
        slope = jax.grad(loss)(weights, states, mask, targets, share, balance, key)
        change, state = optimiser.update(slope, state, weights)
        weights = {
            "layers": _moved(weights["layers"], change["layers"], rate * recipe.rate),
            "head": _moved(weights["head"], change["head"], rate * recipe.head_rate),
        }
        blend = recipe.average
        average = jax.tree.map(lambda old, new: blend * old + (1 - blend) * new, average, weights)
        return weights, state, average

    return jax.jit(step)


def _moved(weights: Tree, change: Tree, rate: Tensor) -> Tree:
    moved: Tree = jax.tree.map(lambda old, move: old - rate * move, weights, change)
    return moved
