"""What the stories lane remembers, as records of its state topic: one for each article, one for each story, a clock.

Format of the values: JSON arrays. A state of another format is of no use to this version: what it holds is forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

from app.stories.article import Article
from app.stories.held import Changes, Held, Story

FORMAT: Final = 1
CLOCK: Final = b"clock"
_STORY: Final = b"story "


def records(held: Held, changes: Changes) -> Iterator[tuple[bytes, bytes | None]]:
    """(key, value) of all that changed; a value of None deletes."""
    for article in changes.put:
        yield article.encode(), held.by_id[article].to_state()
    for article in changes.dropped:
        yield article.encode(), None
    for name in [name for name in changes.stories if name not in changes.closed]:
        story = held.stories[name]
        value = [name, story.version, story.newest, story.active_ms, story.merged_into, story.split_from]
        yield _STORY + name.encode(), orjson.dumps(value)
    for name in changes.closed:
        yield _STORY + name.encode(), None
    yield CLOCK, orjson.dumps([FORMAT, held.next_seq, held.now_ms])


def fill(held: Held, found: Mapping[bytes, bytes]) -> list[bytes]:
    """Restore from the newest value of each key; returns keys that mean nothing (any more), to be deleted.

    Raises ValueError or TypeError for values that no version wrote.
    """
    version, next_seq, now_ms = orjson.loads(found[CLOCK]) if CLOCK in found else (FORMAT, 0, 0)
    if version != FORMAT:
        return [key for key in found if key != CLOCK]
    held.restore(_stories(found), _articles(found), next_seq, now_ms)
    return []


def _stories(found: Mapping[bytes, bytes]) -> Iterable[Story]:
    return [Story(*orjson.loads(value)) for key, value in found.items() if key.startswith(_STORY)]


def _articles(found: Mapping[bytes, bytes]) -> Iterable[Article]:
    return [Article.from_state(value) for key, value in found.items() if key != CLOCK and not key.startswith(_STORY)]
