"""A new topic in a taxonomy file: lines are added, and not one of the others is touched."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from app.classification.taxonomy import Taxonomy, TaxonomyError, Term, Topic, load_taxonomy

_PLAIN: Final = re.compile(r"[^\W\d_][\w *]*")  # a term that YAML reads as it stands, wherever it stands
# Words that YAML takes for something else.
_TAKEN: Final = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n"])


def with_topic(path: Path, topic: Topic, note: str) -> str:
    """The file's text with `topic` behind its last one, under a comment. Raises TaxonomyError.

    What comes out was read again: the same taxonomy, with this topic.
    """
    before = load_taxonomy(path)
    if topic.id in before.topic_ids:
        raise TaxonomyError(
            f"{path} has a topic {topic.id} already; `geonews topics train {topic.id}` measures it and trains its head"
        )
    text = path.read_text("utf-8")
    at, indent = _end_of_topics(path, text)
    lines = text.splitlines(keepends=True)
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    added = "".join(f"{' ' * indent}{line}".rstrip() + "\n" for line in [f"# {note}", *topic_lines(topic)])
    after = "".join([*lines[:at], added, *lines[at:]])
    _check(path, before, topic, after)
    return after


def topic_lines(topic: Topic) -> Iterator[str]:
    """A topic as YAML, in the form that the shipped file has."""
    yield f"- id: {topic.id}"
    yield f"  name: {json.dumps(topic.name, ensure_ascii=False)}"
    yield f"  description: {json.dumps(topic.description, ensure_ascii=False)}"
    yield f"  threshold: {topic.threshold:g}"
    yield f"  intercept: {topic.intercept:g}"
    yield "  groups:"
    for name, languages in topic.groups.items():
        if not languages:
            yield f"    {name}: {{}}"
            continue
        yield f"    {name}:"
        for language, terms in languages.items():
            yield f"      {_quoted(language)}: [{', '.join(map(_term, terms))}]"
    yield "  rules:"
    for rule in topic.rules:
        parts = [f"id: {rule.id}", f"all: [{', '.join(rule.all)}]"]
        parts += [f"within: {rule.within}"] if rule.within else []
        parts += [f"unless: {rule.unless}"] if rule.unless else []
        yield f"    - {{{', '.join(parts)}, points: {rule.points:g}}}"


def _term(term: Term) -> str:
    return _quoted(term.text) if term.weight == 1 else f"{{{_quoted(term.text)}: {term.weight:g}}}"


def _quoted(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _TAKEN
    return text if plain else json.dumps(text, ensure_ascii=False)


def _end_of_topics(path: Path, text: str) -> tuple[int, int]:
    """The line behind the last topic, and how far topics are indented."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    topics = next(value for key, value in root.value if key.value == "topics")
    if topics.flow_style:
        raise TaxonomyError(f"{path}: write `topics:` as a list with one `-` a line, so that one can be added")
    last = topics.value[-1]
    lines = text.splitlines()
    indent = int(topics.start_mark.column)
    # A block ends where the next begins: blank lines, and comments that stand no deeper, belong to the next.
    end = min(int(last.end_mark.line) + (last.end_mark.column > 0), len(lines))
    while not lines[end - 1].strip() or re.match(rf" {{0,{indent}}}#", lines[end - 1]):
        end -= 1
    return end, indent


def _check(path: Path, before: Taxonomy, topic: Topic, after: str) -> None:
    read = Taxonomy.model_validate(yaml.safe_load(after))
    wanted = before.model_copy(update={"topics": [*before.topics, topic], "path": None})
    if read.model_dump() != wanted.model_dump():
        raise TaxonomyError(f"{path}: the topic {topic.id} cannot be added by itself; add it by hand, then train it")
