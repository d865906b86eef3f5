"""The open stories and their articles, and a journal of what changes, so that exactly what is new can be written."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from app.stories.article import Article
from app.stories.index import Index


@dataclass(slots=True)
class Story:
    """A story: its articles by number, in the order in which they were taken in. `version` counts its changes.

    `newest` is the number of the article that was taken in last, `active_ms` when that was processed.
    """

    id: str
    version: int = 0
    newest: int = 0
    active_ms: int = 0
    merged_into: str | None = None
    split_from: str | None = None
    members: dict[int, Article] = field(default_factory=dict)

    @property
    def times(self) -> tuple[int, int]:
        """When its first and its last article were published; there must be one."""
        published = [article.at_ms for article in self.members.values()]
        return min(published), max(published)


@dataclass(slots=True)
class Changes:
    """Ids in the order of their first change: articles to write and to delete, stories changed and closed.

    A story that was changed and closed since is told of once more, as it was at its end.
    """

    put: dict[str, None] = field(default_factory=dict)
    dropped: dict[str, None] = field(default_factory=dict)
    stories: dict[str, None] = field(default_factory=dict)
    closed: dict[str, "Story"] = field(default_factory=dict)


class Held:
    """All open stories. `next_seq` numbers the next article, `now_ms` is when the latest one was processed."""

    def __init__(self) -> None:
        self.index = Index()
        self.stories: dict[str, Story] = {}
        self.by_seq: dict[int, Article] = {}
        self.by_id: dict[str, Article] = {}
        self.next_seq = 0
        self.now_ms = 0
        self.changes = Changes()
        self._quiet: list[tuple[int, str]] = []  # a heap of (newest, story); entries may be out of date

    def restore(self, stories: Iterable[Story], articles: Iterable[Article], next_seq: int, now_ms: int) -> None:
        """Begin with what was written before; the story of every article must be among `stories`."""
        for story in stories:
            self.stories[story.id] = story
            heapq.heappush(self._quiet, (story.newest, story.id))
        for article in sorted(articles, key=lambda one: one.seq):
            self._hold(article)
            self.stories[article.story].members[article.seq] = article
        self.next_seq, self.now_ms = next_seq, now_ms

    def add(self, article: Article, name: str) -> None:
        """Put a new article into a story, which begins with it if there is none of that name."""
        self.now_ms = max(self.now_ms, article.arrived_ms)
        self.next_seq = article.seq + 1
        self._hold(article)
        self._assign(article, name, None)
        story = self.stories[name]
        story.newest, story.active_ms = article.seq, article.arrived_ms
        heapq.heappush(self._quiet, (story.newest, name))

    def drop(self, article: Article) -> None:
        """Forget an article. Its story may be empty then."""
        self.index.remove(article)
        del self.by_seq[article.seq], self.by_id[article.id]
        story = self.stories[article.story]
        del story.members[article.seq]
        self.changes.dropped[article.id] = None
        self.changes.put.pop(article.id, None)
        self.changed(story)

    def absorb(self, older: Story, younger: Story) -> None:
        """Move everything of one story into another."""
        moved = list(younger.members.values())
        younger.members = {}
        for article in moved:
            self._assign(article, older.id, None)
        older.members = dict(sorted(older.members.items()))
        younger.merged_into = older.id
        if younger.newest > older.newest:
            older.newest, older.active_ms = younger.newest, younger.active_ms
            heapq.heappush(self._quiet, (older.newest, older.id))
        self.changed(younger)

    def part(self, story: Story, moved: list[Article]) -> Story:
        """Move these articles of a story into one of their own."""
        name = self.new_id(moved[0])
        for article in moved:
            del story.members[article.seq]
            self._assign(article, name, story.id)
        parted = self.stories[name]
        parted.newest, parted.active_ms = moved[-1].seq, moved[-1].arrived_ms
        heapq.heappush(self._quiet, (parted.newest, name))
        self.changed(story)
        return parted

    def new_id(self, article: Article) -> str:
        """The article's own id; one derived from it where a story that the article has left still goes by that."""
        name = article.id
        while name in self.stories and self.stories[name].members:
            name = blake2b(name.encode(), digest_size=16).hexdigest()
        return name

    def close(self, keep_ms: int, most_articles: int) -> None:
        """Forget the stories that were quiet for so long, and, of too many articles, those quiet for longest."""
        while self._quiet:
            newest, name = self._quiet[0]
            story = self.stories.get(name)
            if story is not None and story.newest == newest:
                if self.now_ms - story.active_ms <= keep_ms and len(self.by_seq) <= most_articles:
                    return
                self._forget(story)
            heapq.heappop(self._quiet)

    def changed(self, story: Story) -> None:
        """Count a change of a story."""
        story.version += 1
        self.changes.stories[story.id] = None

    def take_changes(self) -> Changes:
        """What changed since this was last asked."""
        changes, self.changes = self.changes, Changes()
        return changes

    def _hold(self, article: Article) -> None:
        self.index.add(article)
        self.by_seq[article.seq] = self.by_id[article.id] = article

    def _assign(self, article: Article, name: str, split_from: str | None) -> None:
        story = self.stories.get(name)
        if story is None:
            story = self.stories[name] = Story(name)
            self.changes.closed.pop(name, None)
        if not story.members:
            story.merged_into, story.split_from = None, split_from
        article.story = name
        story.members[article.seq] = article
        self.changes.put[article.id] = None
        self.changes.dropped.pop(article.id, None)
        self.changed(story)

    def _forget(self, story: Story) -> None:
        for article in story.members.values():
            self.index.remove(article)
            del self.by_seq[article.seq], self.by_id[article.id]
            self.changes.dropped[article.id] = None
            self.changes.put.pop(article.id, None)
        del self.stories[story.id]
        self.changes.closed[story.id] = story
