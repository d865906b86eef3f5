"""`geonews train`: the shipped transformer from nothing, and its decisions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli import app
from app.cli.evaluate import DATA, configured_taxonomy
from app.errors import ConfigurationError

if TYPE_CHECKING:
    from app.classification.taxonomy import Taxonomy
    from app.classification.training.rows import Rows

LABELLED = [DATA / "events.jsonl", DATA / "written.jsonl"]
WRITTEN = Path("data/training")
FRESH = Path("data/fresh")
SCRATCH = Path(".geonews/train")
_console = Console(highlight=False)


class Stage(StrEnum):
    """What to do."""

    ALL = "all"
    DECIDE = "decide"


@app.command()
def train(
    only: Annotated[
        Stage, typer.Option(help="decide: keep the model; fit thresholds and calibration to the lexicon as it is now.")
    ] = Stage.ALL,
    out: Annotated[
        Path | None, typer.Option(help="Directory that the model goes to. Else the one that geonews ships.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Most times that the data is gone through.")] = 6,
    trained: Annotated[int, typer.Option(min=1, max=12, help="Layers that learn, from the top.")] = 4,
    depth: Annotated[int, typer.Option(min=1, max=12, help="Layers that the model has, from the bottom of 12.")] = 12,
) -> None:
    """Fine-tune the transformer on the labelled `dev` texts and `data/training/`, and write it to `models/encoder/`.

    Three models are trained without a third of the stories each: their answers for that third, which they have never
    seen, and those of the written model for `data/fresh/`, which none has seen, decide calibration and thresholds. The
    model that is written learns from all else. Seeds are fixed. Texts of the `test` split, and any that resemble them,
    are left out throughout. Needs `pip install 'geonews[train]'`; takes about an hour on one core. `--only decide`
    needs neither, and takes seconds.
    """
    from app.classification.encoder import encoder_directory

    taxonomy = configured_taxonomy()
    directory = out or encoder_directory()
    try:
        if only is Stage.ALL:
            _train(taxonomy, _rows(), directory, epochs=epochs, trained=trained, depth=depth)
        _decide(taxonomy, directory)
    except ImportError as error:
        raise ConfigurationError(f"training needs {error.name}: pip install 'geonews[train]'") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error


def _rows() -> "Rows":
    from app.classification.training.rows import load_rows
    from app.classification.training.run import FOLDS

    found = load_rows(LABELLED, _files(WRITTEN), FOLDS)
    _console.print(f"{len(found.rows)} texts; {found.left_out} more resemble a held-out one and are left out")
    return found


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def _train(taxonomy: "Taxonomy", found: "Rows", directory: Path, *, epochs: int, trained: int, depth: int) -> None:
    from app.classification.encoder import Encoder
    from app.classification.training import held_out, run
    from app.classification.training.fit import Recipe

    if trained > depth:
        raise ConfigurationError(f"--trained {trained}: there are only {depth} layers")
    topics = taxonomy.topic_ids
    recipe = Recipe(epochs=epochs, trained=trained, depth=depth)
    prepared = run.prepare(found, topics, recipe, _names(taxonomy), _track)
    logits, best = run.cross_fit(prepared, _track)
    weights = run.fit_all(prepared, best, _track)
    run.export(prepared, weights, topics, directory, SCRATCH)
    fresh = held_out.read_all(_files(FRESH))
    answers = Encoder.load(directory).logits([each.document for each in fresh])
    names = [*(row.example.id for row in prepared.rows), *(each.id for each in fresh)]
    held_out.save(directory, names, [*logits, *answers], topics)
    _console.print(f"{directory}: a model of {depth} layers after {best} epochs")


def _decide(taxonomy: "Taxonomy", directory: Path) -> None:
    from app.classification.decision import save_decisions
    from app.classification.registry import lexicon_of
    from app.classification.training import decide, held_out

    texts = held_out.load(directory, lexicon_of(taxonomy), LABELLED, _files(WRITTEN), _files(FRESH))
    decisions = decide.decide(texts)
    save_decisions(directory, decisions)
    for at, (topic, own) in enumerate(decisions.items()):
        error = decide.calibration_error(decide.apply(own.both, texts, at), texts.truth[:, at])
        _console.print(
            f"{topic}: threshold {own.both.threshold}, calibration error {error:.3f}; the lexicon settles "
            f"log-odds from {own.accept} up and {own.reject} down",
            soft_wrap=True,
        )


def _names(taxonomy: "Taxonomy") -> list[str]:
    """Every term of the taxonomy: words that matter must not fall to pieces."""
    scopes = [taxonomy.groups, *(topic.groups for topic in taxonomy.topics)]
    return [
        term.text.replace("*", "")
        for groups in scopes
        for languages in groups.values()
        for terms in languages.values()
        for term in terms
    ]


@contextmanager
def _track(label: str, steps: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task(label, total=steps)
        yield lambda done: progress.advance(task, done)
