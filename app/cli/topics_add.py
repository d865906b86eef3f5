"""`geonews topics add|train`: a new topic from examples, without code."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli.evaluate import DATA, configured_taxonomy
from app.cli.topics import topics_app
from app.errors import ConfigurationError, KafkaUnavailable
from app.settings import get_settings

if TYPE_CHECKING:
    from app.classification.encoder import Encoder
    from app.classification.new_topic import Study
    from app.classification.taxonomy import Taxonomy, Topic
    from app.classification.topic_examples import TopicExample

TRAINING = Path("data/training")
EMBEDDED_AT_ONCE = 32
_console = Console(highlight=False)

Id = Annotated[str, typer.Argument(help="Lower case, with hyphens: `red-sea`. Its channel is named after it.")]
Examples = Annotated[
    list[Path],
    typer.Option(
        "--examples",
        help="JSON lines with `title`, `text`, `language`; each belongs to the topic unless it says "
        '`"negative": true` or `"labels": []`. May be repeated.',
    ),
]
Background = Annotated[
    list[Path] | None,
    typer.Option(
        "--background",
        help="JSON lines of other texts, nearly none of which belongs. May be repeated. Else data/labelled and "
        "data/training of a checkout.",
    ),
]
Fast = Annotated[
    bool,
    typer.Option(
        "--fast",
        help="Show the transformer only articles in which one of the topic's terms occurs. Costs recall, above all in "
        "languages without terms.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Learn, measure and print; write nothing.")]


@topics_app.command()
def add(
    topic: Id,
    examples: Examples,
    description: Annotated[str, typer.Option(help="One sentence: which articles belong. `hf:` models are asked it.")],
    name: Annotated[str | None, typer.Option(help="What people call it. Else the id, with spaces.")] = None,
    background: Background = None,
    fast: Fast = False,
    dry_run: DryRun = False,
) -> None:
    """Add a topic to the taxonomy in use: terms, channel and, where there is a model, its head.

    Proposes terms in the languages of the examples, trains a head on the transformer's embeddings (some seconds), and
    says what quality to expect of terms, head and both together, by cross-validation. Fifty examples are a good
    number, with as many near misses marked as negatives. Comments and order of the taxonomy stay as they are. Then
    creates the channel, if a Kafka is configured or running. Workers pick the topic up at their next start.

        geonews topics add red-sea --description "Attacks on ships" --examples samples/topics/red-sea.jsonl
    """
    from app.classification.taxonomy import TaxonomyError, load_taxonomy
    from app.classification.taxonomy_file import topic_lines, with_topic

    taxonomy = _writable()
    title = name or topic.replace("-", " ").capitalize()
    draft = _draft(topic, title, description)
    if topic in taxonomy.topic_ids:
        raise ConfigurationError(f"{taxonomy.path} has a topic {topic} already: geonews topics train {topic}")
    given, others = _texts(topic, examples, background)
    found = _studied(draft, given, others, fast=fast, keep_terms=False)
    _report(found, given, others)
    note = f"Proposed by `geonews topics add` from {sum(each.belongs for each in given)} examples; yours to change."
    path = _path(taxonomy)
    try:
        content = with_topic(path, found.topic, note)
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from error
    if dry_run:
        _console.print("\n".join(topic_lines(found.topic)), markup=False, soft_wrap=True)
        _console.print(f"[dim]nothing was written; without --dry-run this goes to {path}[/]", soft_wrap=True)
        return
    _save_head(taxonomy, found)
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(content, "utf-8")
    temporary.replace(path)
    _console.print(f"{path}: topic {topic} added; read its terms, and change what you know better", soft_wrap=True)
    _create_channel(topic, load_taxonomy(path).topic_ids)
    _console.print("restart workers, one after another, and the gateway: they read the taxonomy when they start")


@topics_app.command()
def train(
    topic: Id,
    examples: Examples,
    background: Background = None,
    fast: Fast = False,
    dry_run: DryRun = False,
) -> None:
    """Train the head of a topic that you added, and measure it, with its terms as they stand in the taxonomy now.

    Run it when you have changed the terms, have more examples, or have another model: a head belongs to one version of
    the model. Figures of terms flatter where the terms were made from the same examples.
    """
    taxonomy = _writable()
    standing = next((each for each in taxonomy.topics if each.id == topic), None)
    if standing is None:
        raise ConfigurationError(f"{taxonomy.path} has no topic {topic}; geonews topics add {topic} makes it")
    given, others = _texts(topic, examples, background)
    found = _studied(_weighted(taxonomy, standing), given, others, fast=fast, keep_terms=True)
    _report(found, given, others)
    if found.head is not None and not dry_run:
        _save_head(taxonomy, found)
        _console.print("restart the workers, one after another: they read heads when they start")


def _writable() -> "Taxonomy":
    """The taxonomy in use. Raises ConfigurationError when it is the one inside an installed package."""
    from app.classification.taxonomy import PACKAGE

    taxonomy = configured_taxonomy()
    if (path := _path(taxonomy)).is_relative_to(PACKAGE / "_data"):
        raise ConfigurationError(
            "the taxonomy in use belongs to the installed package and is lost at its next update: "
            f"copy {path}, and name the copy in GEONEWS_TAXONOMY"
        )
    return taxonomy


def _path(taxonomy: "Taxonomy") -> Path:
    if taxonomy.path is None:
        raise ConfigurationError("this taxonomy was read from no file")
    return taxonomy.path


def _draft(topic: str, name: str, description: str) -> "Topic":
    from pydantic import ValidationError

    from app.classification.propose import Proposal

    try:
        return Proposal().topic(topic, name, description)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ConfigurationError(f"{problem['loc'][0]} {problem['input']!r}: {problem['msg']}") from None


def _weighted(taxonomy: "Taxonomy", topic: "Topic") -> "Topic":
    """The topic with the points that `geonews calibrate` found, where it has."""
    from app.classification.calibration import load_weights, weights_path

    weights = load_weights(weights_path(taxonomy)).get(topic.id)
    if weights is None:
        return topic
    rules = [rule.model_copy(update={"points": weights.rules.get(rule.id, rule.points)}) for rule in topic.rules]
    shared = {name: terms for name, terms in taxonomy.groups.items() if name not in topic.groups}
    update = {"rules": rules, "intercept": weights.intercept, "groups": topic.groups | shared}
    return topic.model_copy(update=update)


def _texts(
    topic: str, examples: list[Path], background: list[Path] | None
) -> "tuple[list[TopicExample], list[TopicExample]]":
    """Examples and background. Raises ConfigurationError."""
    from app.classification import topic_examples as files
    from app.classification.evaluation import load_examples

    ours = [DATA / "events.jsonl", DATA / "written.jsonl", *sorted(TRAINING.glob("*.jsonl"))]
    try:
        given = files.load_topic_examples(examples, topic)
        if background:
            documents = [document for path in background for document in files.load_background(path)]
        else:
            documents = [example.document for path in ours for example in load_examples(path)]
    except OSError as error:
        hint = (
            "" if error.filename in map(str, examples) else "; run this in a checkout of geonews, or use --background"
        )
        raise ConfigurationError(f"{error.filename}: {error.strerror}{hint}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return given, files.background(documents, given)


def _studied(
    topic: "Topic",
    examples: "Sequence[TopicExample]",
    background: "Sequence[TopicExample]",
    *,
    fast: bool,
    keep_terms: bool,
) -> "Study":
    from app.classification.new_topic import study

    encoder = _encoder(topic.id)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=_console, transient=True) as bar:
        task = bar.add_task("terms, in five parts", total=None)

        def embed(documents: Sequence[Any]) -> Any:
            bar.update(task, description="embeddings")
            return _embedded(encoder, documents, lambda done, total: bar.update(task, completed=done, total=total))

        return study(
            topic,
            examples,
            background,
            embed=embed if encoder else None,
            encoder=encoder.card.version if encoder else "",
            keep_terms=keep_terms,
            only_where_terms=fast,
        )


def _embedded(encoder: Any, documents: Sequence[Any], show: Callable[[int, int], None]) -> Any:
    import numpy as np

    found = []
    for start in range(0, len(documents), EMBEDDED_AT_ONCE):
        show(start, len(documents))
        found.append(encoder.embeddings(documents[start : start + EMBEDDED_AT_ONCE]))
    return np.concatenate(found)


def _encoder(topic: str) -> "Encoder | None":
    """The model in models/, if there is one that a head can stand on; else says what is missing."""
    from app.classification.encoder import MODEL_FILE, Encoder, encoder_directory
    from app.classification.taxonomy import TaxonomyError

    directory = encoder_directory()
    if not (directory / MODEL_FILE).is_file():
        _console.print(
            f"no model in {directory}: terms alone decide. `make model` makes one; then geonews topics train {topic}",
            soft_wrap=True,
        )
        return None
    try:
        encoder = Encoder.load(directory, get_settings().model_threads)
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from error
    if topic in encoder.card.topics:
        raise ConfigurationError(f"the model in {directory} knows {topic} by itself: a head would not be used")
    if not encoder.has_embeddings:
        _console.print(f"the model in {directory} gives no embeddings, so no head can be trained: `make model`")
        return None
    return encoder


def _report(found: "Study", examples: "Sequence[TopicExample]", background: "Sequence[TopicExample]") -> None:
    from app.classification.propose import languages, thin

    count = sum(each.belongs for each in examples)
    title = f"{found.topic.id}: on texts that were not learned from"
    table = Table("decided by", "precision", "recall", "F1", "calibration error", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    names = {"lexicon": "terms alone", "head": "the model's head alone", "both": "both, as the cascade does"}
    for name, figures in found.figures.items():
        table.add_row(names[name], *(f"{value:.3f}" for value in figures))
    _console.print(table)
    _console.print(
        f"{count} examples in {len(languages(examples))} languages, {len(examples) - count} near misses, "
        f"{len(background):,} background texts, which count as not belonging",
    )
    if found.silent:
        _console.print(f"terms find nothing in {found.silent} of the {count} examples")
    if missing := thin(examples, background):
        _console.print(
            "no terms are proposed where there is but one example, or too little background to know everyday words by: "
            + ", ".join(missing)
        )
    if found.head is not None:
        _console.print(f"the cascade will show the model {found.asked:.0%} of the articles for this topic's sake")
    for document in found.taken[:5]:
        text = document.title or document.text
        _console.print(f"[dim]takes from the background:[/] {escape(text[:120])}", soft_wrap=True)
    if found.taken:
        _console.print(f"[dim]({len(found.taken)} in all: what belongs makes a good example, the rest a near miss)[/]")


def _save_head(taxonomy: "Taxonomy", found: "Study") -> None:
    from app.classification.heads import heads_path, load_heads, save_heads
    from app.classification.taxonomy import TaxonomyError

    if found.head is None:
        return
    path = heads_path(taxonomy)
    try:
        save_heads(path, load_heads(path) | {found.topic.id: found.head})
    except TaxonomyError as error:
        raise ConfigurationError(str(error)) from error
    _console.print(f"{path}: head of {found.topic.id}, for classifiers that use the model (cascade, encoder)")


def _create_channel(topic: str, topics: list[str]) -> None:
    """Create the channel where there is a Kafka; else say how."""
    from app.cli.topics import show_differences
    from app.kafka.admin import ensure_topics
    from app.kafka.client import bootstrap_servers

    settings = get_settings()
    channel = settings.channels.events_of(topic)
    later = f"geonews topics create makes the channel {channel}"
    try:
        bootstrap_servers(settings)
    except KafkaUnavailable:
        _console.print(f"no Kafka is configured or running: {later}")
        return
    try:
        differences = asyncio.run(ensure_topics(settings, topics))
    except KafkaUnavailable as error:
        raise KafkaUnavailable(f"{error}. The topic is in the taxonomy; {later}") from error
    _console.print(f"channel {channel} exists")
    if differences:
        show_differences(differences)
