"""The quality card, docs/quality.md: what the classifiers get right on texts that nobody trained or tuned on."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.classification.cascade import CascadeClassifier, Judgement
from app.classification.encoder import CARD_FILE, MODEL_FILE, encoder_directory, models_directory
from app.classification.evaluation import Counts, Example, Report, evaluate, in_split, predict
from app.classification.lexicon import LexiconClassifier
from app.classification.registry import FAST, build_classifier
from app.classification.reliability import bins, calibration_error, plot
from app.classification.taxonomy import Taxonomy

EXPERIMENTS: Final = "experiments.json"
KINDS: Final = {"events": "English events", "written": "written articles, 32 languages"}
_Predictions = list[tuple[Example, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What each classifier said of the held-out texts."""

    taxonomy: Taxonomy
    predictions: dict[str, _Predictions]  # by classifier
    judgements: list[tuple[Example, Judgement]]  # of the cascade

    @property
    def best(self) -> str:
        """The classifier that tables are about."""
        return list(self.predictions)[-1]

    def report(self, name: str, kind: str, group: Callable[[Example], str] = lambda _: "all") -> dict[str, Report]:
        """Reports by group of one classifier on one kind."""
        of_kind = [pair for pair in self.predictions[name] if pair[0].kind == kind]
        return evaluate(of_kind, self.taxonomy.topic_ids, group)


def write_card(taxonomy: Taxonomy, examples: Sequence[Example]) -> tuple[str, str]:
    """The card in Markdown and the reliability plot in SVG, empty where no model ships.

    Topics and languages are measured for the best classifier that there is. Raises TaxonomyError.
    """
    measured = _measure(taxonomy, in_split(examples, "test"))
    sections = [
        _head(measured),
        _overall(measured),
        _topics(measured),
        _groups("By language", "language", measured, lambda example: example.document.language or "?", ["written"]),
        _groups("Hard and clear", "cases", measured, lambda each: "hard" if each.hard else "clear", list(KINDS)),
        _stages(measured) if measured.judgements else "",
        _calibration(measured) if measured.judgements else "",
        _experiments(models_directory() / EXPERIMENTS),
    ]
    if not measured.judgements:
        return "\n\n".join(section for section in sections if section) + "\n", ""
    curves = {topic: bins(*_scores(measured, [topic])) for topic in taxonomy.topic_ids}
    return "\n\n".join(section for section in sections if section) + "\n", plot(curves)


def _measure(taxonomy: Taxonomy, held_out: list[Example]) -> Measured:
    predictions: dict[str, _Predictions] = {}
    judgements: list[tuple[Example, Judgement]] = []
    for name in ("lexicon", "encoder", FAST, "cascade") if _ships() else ("lexicon",):
        classifier = build_classifier(name, taxonomy)
        if isinstance(classifier, LexiconClassifier):
            predictions[name] = list(predict(classifier, held_out))
        elif isinstance(classifier, CascadeClassifier):
            found = classifier.judge([example.document for example in held_out])
            judgements = list(zip(held_out, found, strict=True))
            predictions[name] = [(example, _accepted(judgement)) for example, judgement in judgements]
    return Measured(taxonomy, predictions, judgements)


def _ships() -> bool:
    return (encoder_directory() / MODEL_FILE).is_file()


def _accepted(judgement: Judgement) -> frozenset[str]:
    return frozenset(topic for topic, score in judgement.scores.items() if score.accepted)


def _head(measured: Measured) -> str:
    sizes = Counter(example.kind for example, _ in measured.predictions["lexicon"])
    model, taxonomy = "none ships yet", measured.taxonomy.version
    if measured.judgements:
        model = orjson.loads((encoder_directory() / CARD_FILE).read_bytes())["version"]
    return f"""# Quality

How good the classifiers are on the `test` split of `data/labelled/`: {sizes["events"]} English events and
{sizes["written"]} written articles in 32 languages, on which nobody trained or tuned anything. `geonews quality` writes
this page; `geonews evaluate` prints the same figures for any labelled file and any classifier (`GEONEWS_CLASSIFIER`).

Model: {model}; taxonomy {taxonomy}. What the model is made of: [models/README.md](../models/README.md)."""


def _overall(measured: Measured) -> str:
    rows = []
    for name in measured.predictions:
        for kind, label in KINDS.items():
            report = measured.report(name, kind)["all"]
            rows.append([f"`{name}`", label, *_figures(report.micro), f"{report.exact / report.examples:.3f}"])
    return "## All topics together\n\n" + _table(
        ["classifier", "texts", "precision", "recall", "micro-F1", "wholly right"], rows
    )


def _topics(measured: Measured) -> str:
    rows = [
        [topic, label, str(counts.true_positives + counts.false_negatives), *_figures(counts)]
        for kind, label in KINDS.items()
        for topic, counts in measured.report(measured.best, kind)["all"].topics.items()
    ]
    return f"## By topic (`{measured.best}`)\n\n" + _table(
        ["topic", "texts", "of them in it", "precision", "recall", "F1"], rows
    )


def _groups(title: str, column: str, measured: Measured, group: Callable[[Example], str], kinds: Iterable[str]) -> str:
    rows = []
    for kind in kinds:
        for name, report in sorted(measured.report(measured.best, kind, group).items()):
            rows.append([f"{name} ({kind})", str(report.examples), *_figures(report.micro)])
    return f"## {title} (`{measured.best}`)\n\n" + _table([column, "texts", "precision", "recall", "micro-F1"], rows)


def _stages(measured: Measured) -> str:
    rows = []
    for stage, count in sorted(Counter(judgement.stage for _, judgement in measured.judgements).items()):
        of_stage = [(each, _accepted(found)) for each, found in measured.judgements if found.stage == stage]
        report = evaluate(of_stage, measured.taxonomy.topic_ids)["all"]
        rows.append([f"`{stage}`", str(count), *_figures(report.micro), f"{report.exact / report.examples:.3f}"])
    return "## Who decides (`cascade`)\n\n" + _table(
        ["stage", "texts", "precision", "recall", "micro-F1", "wholly right"], rows
    )


def _scores(measured: Measured, topics: Sequence[str]) -> tuple[list[float], list[bool]]:
    pairs = [
        (judgement.scores[topic].score, topic in example.labels)
        for example, judgement in measured.judgements
        for topic in topics
    ]
    return [score for score, _ in pairs], [truth for _, truth in pairs]


def _calibration(measured: Measured) -> str:
    rows = []
    for name, topics in [
        *((topic, [topic]) for topic in measured.taxonomy.topic_ids),
        ("all", measured.taxonomy.topic_ids),
    ]:
        rows.append([name, f"{calibration_error(bins(*_scores(measured, topics))):.3f}"])
    return (
        "## Calibration (`cascade`)\n\nA score is a probability: of texts that score 0.8 eight in ten belong. Expected "
        "calibration error in ten bins:\n\n"
        + _table(["topic", "error"], rows)
        + "\n\n![Score against the share that belongs, by topic](quality-reliability.svg)"
    )


def _experiments(path: Path) -> str:
    """What was tried, from a file that `geonews train` runs were noted in; nothing where there is none."""
    if not path.is_file():
        return ""
    content: dict[str, Any] = orjson.loads(path.read_bytes())
    return f"## What was tried\n\n{content['how']}\n\n" + _table(content["columns"], content["rows"])


def _figures(counts: Counts) -> list[str]:
    return [f"{counts.precision:.3f}", f"{counts.recall:.3f}", f"{counts.f1:.3f}"]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
