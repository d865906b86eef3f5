"""`geonews evaluate stories`: how well stories agree with labelled articles, and the weights that decide."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.cli.evaluate import DATA, configured_classifier, configured_taxonomy, evaluate_app
from app.errors import ConfigurationError

if TYPE_CHECKING:
    from app.classification.base import Document
    from app.stories.article import Article
    from app.stories.evaluation import Labelled, Scores
    from app.stories.path import Embed
    from app.stories.similarity import Model

_console = Console(highlight=False)
_LABELLED = Path("data/stories/labelled.jsonl")
_TRAINING = Path("data/training")


@evaluate_app.command("stories")
def stories(
    data: Annotated[Path, typer.Option(help="Labelled JSON lines.")] = _LABELLED,
    model: Annotated[
        Path | None, typer.Option(help="Directory of an encoder; else the one that ships, if one does.")
    ] = None,
    embeddings: Annotated[bool, typer.Option(help="Whether an encoder is used at all.")] = True,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="List the happenings that went wrong, too.")] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="Fit the weights to the tuning half first, and write config/stories/.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure B-cubed precision, recall and F1 of stories on labelled articles in many languages.

    All articles go through enrichment and clustering one after the other, among several hundred unrelated ones. Half
    of the happenings are held out: nothing was tuned on them.
    """
    from app.stories import evaluation
    from app.stories.cluster import Rules
    from app.stories.path import no_embedding
    from app.stories.similarity import shipped_model

    classifier = configured_classifier(configured_taxonomy(), "lexicon")
    try:
        stream = [*evaluation.load(data, classifier), *evaluation.unrelated(DATA / "written.jsonl", classifier)]
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}; run this in a checkout of geonews") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    embed = _embedder(model) if embeddings else no_embedding
    weights = _fitted(stream, embed) if fit else shipped_model()
    placed = list(evaluation.cluster(stream, weights, Rules(), embed))
    pairs = [(one.happening, article.story) for one, article in placed]
    scores = {
        name: evaluation.b_cubed(pairs, [bool(one.happening) and one.is_held_out == held for one, _ in placed])
        for name, held in (("tuning", False), ("held out", True))
    }
    if as_json:
        typer.echo(orjson.dumps({name: _as_json(of) for name, of in scores.items()}, option=orjson.OPT_INDENT_2))
        return
    _console.print(_table(scores, sum(not happening for happening, _ in pairs)))
    sizes = Counter(story for _, story in pairs)
    company = sum(not happening and sizes[story] > 1 for happening, story in pairs)
    _console.print(f"{company} of the unrelated articles share a story with another")
    if mistakes:
        _show(placed)


def _embedder(directory: Path | None) -> "Embed":
    from app.stories.embedding import embedder

    return embedder(directory, 2, required=directory is not None)


def _fitted(stream: "list[Labelled]", embed: "Embed") -> "Model":
    """Count the background, fit the weights to the tuning half, write both. Needs a checkout."""
    from app.classification.taxonomy import config_directory
    from app.stories import evaluation
    from app.stories.cluster import Rules
    from app.stories.fit import count_background, fit
    from app.stories.similarity import NAMES, WEIGHTS_FILE, Model
    from app.stories.vectors import BACKGROUND_FILE, background

    folder = config_directory() / "stories"
    documents = list(_documents())
    (folder / BACKGROUND_FILE).write_text(count_background(track(documents, "counting the background")), "ascii")
    background.cache_clear()
    apart = (-9.0, *[0.0] * (len(NAMES) - 1))  # every article a story of its own: weighted as it would be, that is all
    placed = evaluation.cluster(stream, Model(apart, apart), Rules(), embed)
    with _console.status("fitting the weights"):
        articles = [(one.happening, article) for one, article in placed if not one.is_held_out]
        fitted = fit(articles, embedded=any(article.embedding for _, article in articles))
    value = {
        "with_embedding": dict(zip(NAMES, fitted.with_embedding, strict=True)),
        "without": dict(zip(NAMES, fitted.without, strict=True)),
    }
    (folder / WEIGHTS_FILE).write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    return fitted


def _documents() -> "Iterator[Document]":
    """The texts that geonews was made with."""
    from app.classification.base import Document

    for path in [*sorted(_TRAINING.glob("*.jsonl")), *sorted(DATA.glob("*.jsonl"))]:
        for line in path.read_bytes().splitlines():
            row = orjson.loads(line)
            yield Document(row.get("title") or "", "", row.get("text") or "", row.get("lang") or "en")


def _table(scores: "dict[str, Scores]", unrelated: int) -> Table:
    title = f"stories, B-cubed, among {unrelated} unrelated articles"
    table = Table("split", "articles", "happenings", "stories", "precision", "recall", "F1", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, of in scores.items():
        figures = [f"{figure:.3f}" for figure in (of.precision, of.recall, of.f1)]
        table.add_row(name, str(of.articles), str(of.happenings), str(of.stories), *figures)
    return table


def _show(placed: "list[tuple[Labelled, Article]]") -> None:
    from app.stories.evaluation import mistakes

    held_out = {one.happening: one.is_held_out for one, _ in placed}
    for happening, wrong in mistakes(placed):
        _console.print(f"{'held out' if held_out[happening] else 'tuning  '}  {happening}: {'; '.join(wrong)}")


def _as_json(scores: "Scores") -> dict[str, float]:
    return {
        "articles": scores.articles,
        "happenings": scores.happenings,
        "stories": scores.stories,
        "precision": round(scores.precision, 4),
        "recall": round(scores.recall, 4),
        "f1": round(scores.f1, 4),
    }
