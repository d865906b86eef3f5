"""Articles one after the other become stories. Pure: the same articles in the same order give the same stories.

Whatever can fail for an article, its features and what it is near to, is computed before anything changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.stories.article import HOUR_MS, Article
from app.stories.held import Held, Story
from app.stories.similarity import Model

_NEAR: Final = 48  # articles that a new one is compared with
_TOP: Final = 3  # of its links with a story that count for themselves
_SAMPLE: Final = 10  # articles that stand for a whole story
_HOPELESS: Final = 3.0  # below the threshold, a best link makes no story worth a closer look
_SPLIT_SIZES: Final = range(4, 33)


@dataclass(frozen=True, slots=True)
class Rules:
    """When articles belong together; thresholds are log-odds."""

    join: float = 1.0  # an article joins the best story from here
    whole: float = 0.6  # how much the story as a whole counts beside an article's best links with it
    merge: float = 0.0  # two stories are one from here, on average over their articles
    split: float = -4.0  # a story falls apart where its halves are linked by no more than this
    loyalty: float = 2.0  # a changed article stays in its story though it fits worse by so much
    span_ms: int = 5 * 24 * HOUR_MS  # from a story's first article to its last
    keep_ms: int = 7 * 24 * HOUR_MS  # a story that nothing joined for so long is closed
    most_articles: int = 20_000  # that are kept; the stories that were quiet for longest are closed first


@dataclass(frozen=True, slots=True)
class Plan:
    """Where an article belongs: `home` None is a story of its own; `links` are log-odds by story, best first."""

    article: Article
    old: Article | None
    links: dict[str, list[float]]
    home: str | None


class Clusters:
    """Decides where articles belong; `held` has the outcome."""

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self.held = Held()

    def plan(self, article: Article, replaces: str | None = None) -> Plan:
        """Where a new article, numbered `held.next_seq`, belongs. Changes nothing.

        One with a known id takes that one's place; `replaces` names an earlier version with another id.
        """
        old = self.held.by_id.get(article.id) or (self.held.by_id.get(replaces) if replaces else None)
        links = self._links(article, old)
        return Plan(article, old, links, self._home(article, old, links))

    def take_in(self, plan: Plan) -> str:
        """Put an article where it belongs, as planned just before; returns the story's id."""
        held = self.held
        article, old, links, home = plan.article, plan.old, plan.links, plan.home
        if old is not None:
            held.drop(old)
        held.add(article, home or held.new_id(article))
        if home is not None:
            story = self._merge(held.stories[home], links)
            if len(story.members) & (len(story.members) - 1) == 0:  # as it doubles
                self._split(story)
        if old is not None and old.story != article.story:
            self._split(held.stories[old.story])
        held.close(self._rules.keep_ms, self._rules.most_articles)
        return article.story

    def withdraw(self, article_id: str) -> bool:
        """Remove an article; False when it is not known (any more)."""
        old = self.held.by_id.get(article_id)
        if old is None:
            return False
        self.held.drop(old)
        self._split(self.held.stories[old.story])
        return True

    def _links(self, article: Article, old: Article | None) -> dict[str, list[float]]:
        """Log-odds of the links to near articles, by story, best first."""
        found: dict[str, list[float]] = {}
        for seq in self.held.index.near(article.vector, _NEAR):
            other = self.held.by_seq[seq]
            if other is not old:
                found.setdefault(other.story, []).append(self._model.log_odds(article, other))
        return {story: sorted(links, reverse=True) for story, links in found.items()}

    def _home(self, article: Article, old: Article | None, links: dict[str, list[float]]) -> str | None:
        """The story that an article joins, or None for one of its own."""
        if old is not None and len(self.held.stories[old.story].members) == 1:
            return old.story
        best, home = self._rules.join, None
        for name, found in links.items():
            story = self.held.stories[name]
            loyalty = self._rules.loyalty if old is not None and old.story == name else 0.0
            if found[0] + loyalty < self._rules.join - _HOPELESS or not self._in_time(story, article.at_ms):
                continue
            score = self._score(article, story, found, old) + loyalty
            if score >= best:
                best, home = score, name
        return home

    def _score(self, article: Article, story: Story, links: Sequence[float], old: Article | None) -> float:
        """The mean of an article's best links with a story, and of its links with the story as a whole."""
        top = links[:_TOP]
        best = sum(top) / len(top)
        members = [one for one in sample(story) if one is not old]
        whole = sum(self._model.log_odds(article, member) for member in members) / len(members) if members else best
        return (1 - self._rules.whole) * best + self._rules.whole * whole

    def _in_time(self, story: Story, *times: int) -> bool:
        every = (*story.times, *times)
        return max(every) - min(every) <= self._rules.span_ms

    def _merge(self, story: Story, links: dict[str, list[float]]) -> Story:
        """Join other stories to the one that an article has just joined, where it shows that they are one."""
        for name, found in links.items():
            other = self.held.stories.get(name)
            if other is None or other is story or not other.members or found[0] < self._rules.join:
                continue
            if self._in_time(story, *other.times) and self._between(story, other) >= self._rules.merge:
                older, younger = sorted((story, other), key=lambda one: min(one.members))
                self.held.absorb(older, younger)
                story = older
        return story

    def _between(self, story: Story, other: Story) -> float:
        links = [self._model.log_odds(one, two) for one in sample(story) for two in sample(other)]
        return sum(links) / len(links)

    def _split(self, story: Story) -> None:
        """Part a story whose halves have nothing in common."""
        if len(story.members) not in _SPLIT_SIZES:
            return
        members = list(story.members.values())
        one, two, link = halves([[self._model.log_odds(a, b) for b in members] for a in members])
        if link > self._rules.split or min(len(one), len(two)) < 2:
            return
        stays = next((at for at, article in enumerate(members) if article.id == story.id), 0)
        self.held.part(story, [members[at] for at in (two if stays in one else one)])


def sample(story: Story) -> list[Article]:
    """The articles that stand for a story: its first ones and its newest ones."""
    members = list(story.members.values())
    half = _SAMPLE // 2
    return members if len(members) <= _SAMPLE else [*members[:half], *members[-half:]]


def halves(links: Sequence[Sequence[float]]) -> tuple[list[int], list[int], float]:
    """The last two clusters of average-link clustering, places in order, and the mean link between them.

    `links` is symmetric, with two rows at least.
    """
    groups = [[at] for at in range(len(links))]
    while True:
        best, pair = -float("inf"), (0, 1)
        for one in range(len(groups)):
            for two in range(one + 1, len(groups)):
                link = sum(links[a][b] for a in groups[one] for b in groups[two])
                link /= len(groups[one]) * len(groups[two])
                if link > best:
                    best, pair = link, (one, two)
        if len(groups) == 2:
            return groups[0], groups[1], best
        one, two = pair
        groups[one] = sorted(groups[one] + groups.pop(two))
