"""Every well-formed entry of every real-shaped feed is read, with its title as it was meant."""

import pytest

from app.sources.parsing import parse
from tests.real_feeds import COUNT, FORMATS, LANGUAGES, Story, feed


def test_there_are_many_kinds() -> None:
    assert COUNT >= 60
    assert len({number % len(FORMATS) for number in range(COUNT)}) == 8
    assert len(LANGUAGES) >= 12


@pytest.mark.parametrize("number", range(COUNT))
def test_all_stories_are_read(number: int) -> None:
    stories = [Story(number, n) for n in range(5, 0, -1)]
    body, content_type = feed(number, stories)
    found = parse(body, url="https://paper.example/feed", content_type=content_type).entries
    assert [entry.article["url"] for entry in found] == [story.url for story in stories]
    assert [entry.article["title"].replace("&amp;", "&") for entry in found] == [story.title for story in stories]
    assert len({entry.identity for entry in found}) == len(stories)
