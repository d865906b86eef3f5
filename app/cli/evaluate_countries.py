"""`geonews evaluate countries` and `facets`: how well enrichment agrees with labelled articles."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.cli.evaluate import evaluate_app
from app.errors import ConfigurationError

if TYPE_CHECKING:
    from app.steps.label_scores import LabelScores

_COUNTRIES = Path("data/countries/labelled.jsonl")
_FACETS = Path("data/facets")
_console = Console(highlight=False)
_Rows = list[dict[str, Any]]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


class Half(StrEnum):
    """Which half of the labelled articles."""

    TUNE = "tune"
    HELD_OUT = "held-out"
    ALL = "all"


_SPLIT = Annotated[Half, typer.Option(help="held-out: nothing was tuned on them; tune: terms were added for these.")]


@evaluate_app.command()
def countries(
    data: Annotated[Path, typer.Option(help="Labelled JSON lines.")] = _COUNTRIES,
    split: _SPLIT = Half.HELD_OUT,
    guess: Annotated[bool, typer.Option("--guess", help="As if no article said its language.")] = False,
    errors: Annotated[int, typer.Option(min=0, help="How many of the worst articles to list.")] = 10,
    as_json: _JSON = False,
) -> None:
    """Measure precision, recall and F1 of the countries that articles are found to speak of.

    Pairs of article and country are counted, over all articles and by language. The articles are in more than 50
    languages and full of traps: Georgia the state, Jordan the person, turkey the bird, Niger and Nigeria.
    """
    from app.steps.country_scores import evaluate_countries

    rows = _in_half(_read(data), split)
    whole = evaluate_countries(rows, with_language=not guess)
    by_language = {
        language: evaluate_countries(some, with_language=not guess) for language, some in _by_language(rows).items()
    }
    worst = sorted(whole.wrong, key=lambda wrong: -len(wrong[1]) - len(wrong[2]))[:errors]
    if as_json:
        languages = {language: _figures(scores) for language, scores in by_language.items()}
        wrong = [{"article": name, "missed": missed, "extra": extra} for name, missed, extra in worst]
        _print_json({"split": split, **_figures(whole), "languages": languages, "worst": wrong})
        return
    columns = ("language", "articles", "exact", "precision", "recall", "F1")
    table = _table(f"countries, {split} ({whole.articles} articles)", columns)
    for language, scores in [*by_language.items(), ("all", whole)]:
        if language == "all":
            table.add_section()
        figures = (f"{scores.precision:.3f}", f"{scores.recall:.3f}", f"{scores.f1:.3f}")
        table.add_row(language, str(scores.articles), str(scores.exact), *figures)
    _console.print(table)
    for article in worst:
        _say("", article)
    _console.print(f"F1 {whole.f1:.3f}, precision {whole.precision:.3f}, recall {whole.recall:.3f}")


@evaluate_app.command()
def facets(
    data: Annotated[Path, typer.Option(help="Folder of stages.jsonl and facets.jsonl.")] = _FACETS,
    split: _SPLIT = Half.HELD_OUT,
    errors: Annotated[int, typer.Option(min=0, help="How many articles with an error to list.")] = 0,
    as_json: _JSON = False,
) -> None:
    """Measure the stages of trade deals and the sides of the war that articles are found to tell.

    Own articles are a title and a sentence, by the hand that wrote the rules; written ones are longer, by others.
    """
    from app.steps.facet_scores import evaluate_facets, evaluate_stages

    measures: dict[str, Callable[[Iterable[Mapping[str, Any]]], LabelScores]]
    measures = {"stages": evaluate_stages, "facets": evaluate_facets}
    results: dict[str, LabelScores] = {}
    for name, measure in measures.items():
        rows = _in_half(_read(data / f"{name}.jsonl"), split)
        for origin in sorted({row["origin"] for row in rows}):
            results[f"{name}, {origin}"] = measure(row for row in rows if row["origin"] == origin)
        results[f"{name}, all"] = measure(rows)
    if as_json:
        _print_json({name: {"articles": s.articles, "exact": s.exact, "f1": s.f1} for name, s in results.items()})
        return
    table = _table(f"stages and sides, {split}", ("labels, articles", "articles", "exact", "F1"))
    for name, scores in results.items():
        table.add_row(name, str(scores.articles), f"{scores.exact / scores.articles:.3f}", f"{scores.f1:.3f}")
    _console.print(table)
    for name, scores in results.items():
        for wrong in scores.wrong[:errors] if not name.endswith("all") else ():
            _say(f"{name}: ", wrong)


def _say(before: str, wrong: tuple[str, list[str], list[str]]) -> None:
    name, missed, extra = wrong
    said = [f"missed {' '.join(missed)}"] * bool(missed) + [f"not there {' '.join(extra)}"] * bool(extra)
    _console.print(f"{before}{', '.join(said)}: {name[:100]}", markup=False, soft_wrap=True)


def _read(path: Path) -> _Rows:
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; run this in a checkout of geonews") from error
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(f"{path}: {error}; every line must be a JSON object") from error


def _in_half(rows: _Rows, half: Half) -> _Rows:
    chosen = [row for row in rows if half is Half.ALL or row["split"] == half]
    if not chosen:
        raise ConfigurationError(f"no labelled article belongs to the split {half.value!r}; try --split all")
    return chosen


def _by_language(rows: _Rows) -> dict[str, _Rows]:
    grouped: dict[str, _Rows] = defaultdict(list)
    for row in rows:
        grouped[row["lang"]].append(row)
    return dict(sorted(grouped.items()))


def _figures(scores: "LabelScores") -> dict[str, float]:
    figures = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return {"articles": scores.articles, "exact": scores.exact} | {k: round(v, 4) for k, v in figures.items()}


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(*columns, title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _print_json(value: object) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
