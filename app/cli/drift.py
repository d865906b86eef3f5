"""`geonews drift baseline`: the scores that live ones are compared with."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from app.cli import app
from app.cli.evaluate import DATA, configured_classifier, configured_taxonomy, labelled_examples

drift_app = typer.Typer(no_args_is_help=True, help="Whether live articles still score as the labelled texts did.")
app.add_typer(drift_app, name="drift")
TRAINING = Path("data/training")
_MODELS = ("lexicon", "cascade", "encoder")


@drift_app.command()
def baseline(
    model: Annotated[
        list[str] | None, typer.Option("--model", help="lexicon, cascade or encoder; may be repeated. Else all three.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file; models that are not measured now stay in it.")] = Path(
        "config/score-baseline.json"
    ),
) -> None:
    """Measure how the labelled texts score, after a classifier has changed. Workers read the file when they start.

    Then watch `geonews_score_psi` by topic: below 0.1 nothing has moved, above 0.25 the news, the sources or the
    classifier have changed, and docs/runbooks/GeonewsScoreDrift.md says how to look.
    """
    from app.classification.drift import EDGES

    models = orjson.loads(out.read_bytes())["models"] if out.is_file() else {}
    for name in model or _MODELS:
        with Console(stderr=True).status(f"scoring the labelled texts with {name}"):
            models[name] = measured(name)
    out.write_bytes(orjson.dumps({"edges": EDGES, "models": models}, option=orjson.OPT_INDENT_2) + b"\n")
    typer.echo(f"{out}: {', '.join(models)}")


def measured(name: str) -> dict[str, object]:
    """A model's version, how many texts it scored, and the accepted scores by topic and bin."""
    from app.classification.drift import measure
    from app.classification.evaluation import in_split

    classifier = configured_classifier(configured_taxonomy(), name)
    files = [DATA / "events.jsonl", DATA / "written.jsonl", *sorted(TRAINING.glob("*.jsonl"))]
    documents = [example.document for example in in_split(labelled_examples(files), "dev")]
    return {
        "version": classifier.info.model_version,
        "texts": len(documents),
        "topics": measure(classifier, documents),
    }
