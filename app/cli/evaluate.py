"""`geonews evaluate` and `geonews calibrate`: how good the classifier is on labelled data, and its weights."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.cli import app
from app.errors import ConfigurationError
from app.settings import get_settings

if TYPE_CHECKING:
    from app.classification.base import Classifier
    from app.classification.evaluation import Counts, Example, Report
    from app.classification.taxonomy import Taxonomy

DATA = Path("data/labelled")
TRAINING = Path("data/training")
_console = Console(highlight=False)
_stderr = Console(stderr=True, highlight=False)


class SplitName(StrEnum):
    """Which part of the labelled data."""

    DEV = "dev"
    TEST = "test"
    ALL = "all"


class By(StrEnum):
    """What a table has a line for."""

    TOPIC = "topic"
    LANGUAGE = "language"
    LENGTH = "length"
    HARD = "hard"


evaluate_app = typer.Typer(invoke_without_command=True)
app.add_typer(evaluate_app, name="evaluate")


@evaluate_app.callback()
def evaluate(
    context: typer.Context,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Labelled JSON lines; may be repeated. Else data/labelled/.")
    ] = None,
    split: Annotated[
        SplitName, typer.Option(help="dev: what terms and weights were tuned on; test: what nobody tuned on.")
    ] = SplitName.TEST,
    by: Annotated[By, typer.Option(help="One line for each topic, language, length, or hard and clear.")] = By.TOPIC,
    classifier: Annotated[
        str | None, typer.Option(help="lexicon, encoder, cascade, hf:PATH or another. Else GEONEWS_CLASSIFIER.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure precision, recall and F1 of a classifier on labelled texts.

    Two sets come with geonews: *events* (English, one or two sentences) and *written* (short articles in 32 languages,
    a quarter of them hard on purpose). The split is fixed, by a hash of each text's id. Figures of `dev` flatter:
    terms and weights were tuned on it. The commands below measure what comes after classification.
    """
    if context.invoked_subcommand is not None:
        return
    from app.classification import evaluation

    taxonomy = configured_taxonomy()
    measured = configured_classifier(taxonomy, classifier)
    examples = evaluation.in_split(labelled_examples(data), split.value)
    if not examples:
        raise ConfigurationError(f"no labelled text belongs to the split {split.value!r}; try --split all")
    # Our data was labelled for the topics that came with it; about one that was added since it says nothing.
    topics = taxonomy.topic_ids if data else evaluation.labelled_topics(examples, taxonomy.topic_ids)
    if left_out := [topic for topic in taxonomy.topic_ids if topic not in topics]:
        _stderr.print(f"left out, since our texts are not labelled for them: {', '.join(left_out)}")
    predictions = list(evaluation.predict(measured, examples))
    results: dict[str, dict[str, Report]] = {}
    kind: str
    for kind in dict.fromkeys(example.kind for example in examples):
        of_kind = [pair for pair in predictions if pair[0].kind == kind]
        reports = evaluation.evaluate(of_kind, topics)
        if by is not By.TOPIC:
            reports |= dict(sorted(evaluation.evaluate(of_kind, topics, _GROUPS[by]).items(), key=_place))
        results[kind] = reports
    if as_json:
        typer.echo(orjson.dumps(_as_json(results, split), option=orjson.OPT_INDENT_2))
        return
    for kind, reports in results.items():
        _console.print(_table(f"{kind}, {split.value} ({reports['all'].examples} texts)", reports, by))
    _console.print(" · ".join(f"micro-F1 {kind} [bold]{r['all'].micro.f1:.3f}[/]" for kind, r in results.items()))


@app.command()
def calibrate(
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Labelled JSON lines; may be repeated. Else data/labelled/.")
    ] = None,
) -> None:
    """Fit the lexicon's weights to the development half of labelled data, after the taxonomy has changed.

    Without `--data`, the rows of `data/training/` count a little too. Writes them beside the taxonomy, as
    `taxonomy.weights.json`; running workers read them at their next start. A topic that no text is labelled with keeps
    what it has.
    """
    from app.classification.calibration import fit, load_weights, material, save_weights, weights_path
    from app.classification.evaluation import labelled_topics
    from app.classification.lexicon import LexiconClassifier

    taxonomy = configured_taxonomy()
    lexicon = LexiconClassifier(taxonomy)
    written = [] if data else _examples(sorted(TRAINING.glob("*.jsonl")))
    examples, counts = material(labelled_examples(data), written)
    with _console.status(f"fitting {len(taxonomy.topics)} topics to {len(examples)} texts"):
        features = [lexicon.features(example.document) for example in examples]
        weights = fit(taxonomy, features, [example.labels for example in examples], counts)
    path = weights_path(taxonomy)
    known = labelled_topics(examples, taxonomy.topic_ids)
    try:
        kept = load_weights(path)
    except ValueError:  # a damaged file is what this command replaces
        kept = {}
    others = {topic: found for topic, found in kept.items() if topic in taxonomy.topic_ids}
    weights = others | {topic: weights[topic] for topic in known}
    save_weights(path, weights)
    _console.print(f"{path}: weights of {len(known)} topics, fitted to {len(examples)} texts")


def configured_taxonomy() -> "Taxonomy":
    """The taxonomy that is set, or ours. Raises ConfigurationError."""
    from app.classification.taxonomy import TaxonomyError, load_taxonomy

    try:
        return load_taxonomy(get_settings().taxonomy)
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from error


def configured_classifier(taxonomy: "Taxonomy", name: str | None = None) -> "Classifier":
    """The classifier of that name, or the one that is set. Raises ConfigurationError."""
    from app.classification.registry import build_classifier

    try:
        settings = get_settings()
        return build_classifier(name or settings.classifier, taxonomy, settings.model_threads)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def labelled_examples(data: list[Path] | None) -> "list[Example]":
    """Labelled texts from files, or ours. Raises ConfigurationError."""
    return _examples(data or [DATA / "events.jsonl", DATA / "written.jsonl"])


def _examples(paths: list[Path]) -> "list[Example]":
    from app.classification.evaluation import load_examples

    try:
        return [example for path in paths for example in load_examples(path)]
    except OSError as error:
        hint = "run this in a checkout of geonews, or name files with --data"
        raise ConfigurationError(f"{error.filename}: {error.strerror}; {hint}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _length(example: "Example") -> str:
    from app.classification.evaluation import length_of

    return length_of(example.document)


_GROUPS: dict[By, "Callable[[Example], str]"] = {
    By.LANGUAGE: lambda example: example.document.language or "unknown",
    By.LENGTH: _length,
    By.HARD: lambda example: "hard" if example.hard else "clear",
}


def _place(group: "tuple[str, Report]") -> tuple[int, str]:
    """Lengths from short to long, all else by name."""
    from app.classification.evaluation import LENGTHS

    return (LENGTHS.index(group[0]) if group[0] in LENGTHS else 0, group[0])


def _table(title: str, reports: "dict[str, Report]", by: By) -> Table:
    table = Table(by.value, *(("texts",) if by is not By.TOPIC else ()), "precision", "recall", "F1", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    if by is By.TOPIC:
        for topic, counts in reports["all"].topics.items():
            table.add_row(topic, *_figures(counts))
        table.add_section()
        table.add_row("all (micro)", *_figures(reports["all"].micro), style="bold")
    else:
        for group, report in reports.items():
            style = "bold" if group == "all" else None
            table.add_row(group, str(report.examples), *_figures(report.micro), style=style)
    return table


def _figures(counts: "Counts") -> list[str]:
    return [f"{counts.precision:.3f}", f"{counts.recall:.3f}", f"{counts.f1:.3f}"]


def _as_json(results: "dict[str, dict[str, Report]]", split: SplitName) -> dict[str, Any]:
    def counts(c: "Counts") -> dict[str, float]:
        return {"precision": round(c.precision, 4), "recall": round(c.recall, 4), "f1": round(c.f1, 4)}

    def report(r: "Report") -> dict[str, Any]:
        topics = {topic: counts(c) for topic, c in r.topics.items()}
        return {"texts": r.examples, "exact": r.exact, "micro": counts(r.micro), "topics": topics}

    return {"split": split.value} | {
        kind: {group: report(r) for group, r in reports.items()} for kind, reports in results.items()
    }
