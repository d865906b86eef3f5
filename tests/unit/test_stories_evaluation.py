"""The figure that stories are held to, and the measure itself."""

from collections import Counter

import orjson
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli import evaluate as _first  # noqa: F401 (registers the commands)
from app.cli import evaluate_stories as _second  # noqa: F401
from app.stories.cluster import Rules
from app.stories.evaluation import b_cubed, cluster
from app.stories.path import no_embedding
from app.stories.similarity import shipped_model
from tests.story_tools import labelled


def test_b_cubed_on_a_case_done_by_hand() -> None:
    pairs = [("x", "1"), ("x", "1"), ("x", "2"), ("y", "2"), ("", "2")]
    scores = b_cubed(pairs, [True, True, True, True, False])
    # precision: 1, 1, 1/3, 1/3; recall: 2/3, 2/3, 1/3, 1
    assert scores.precision == pytest.approx(8 / 12)
    assert scores.recall == pytest.approx(8 / 12)
    assert (scores.articles, scores.happenings, scores.stories) == (4, 2, 2)


def test_the_labelled_set_is_as_large_and_as_mixed_as_promised() -> None:
    articles = labelled()
    happenings = Counter(one.happening for one in articles)
    assert len(articles) >= 400
    assert len(happenings) >= 100
    assert min(happenings.values()) >= 3
    assert len({one.item["language"] for one in articles}) >= 12
    held_out = {one.happening for one in articles if one.is_held_out}
    assert 0.3 < len(held_out) / len(happenings) < 0.7
    assert len({one.item["title"] for one in articles}) == len(articles)


def test_stories_reach_their_target_on_what_nothing_was_tuned_on() -> None:
    result = CliRunner().invoke(app, ["evaluate", "stories", "--no-embeddings", "--json"])
    assert result.exit_code == 0, result.output
    scores = orjson.loads(result.output)
    assert scores["held out"]["f1"] >= 0.85
    assert scores["held out"]["articles"] + scores["tuning"]["articles"] == len(labelled())


@pytest.mark.parametrize(
    "alike",
    [
        ("eu-philippines-signing", "uk-oman-signing", "efta-vietnam-signing", "ca-ecuador-signing"),
        ("eu-malaysia-round", "in-chile-round", "eu-uae-round", "jp-turkiye-round"),
        ("nz-parliament-gulf", "ch-parliament-thailand", "pe-congress-hongkong", "ke-assembly-uae"),
        ("za-us-citrus", "eg-us-cotton", "pk-us-rice"),
        ("volgograd-refinery", "syzran-refinery", "ryazan-refinery", "ust-luga-terminal"),
        ("uk-sanctions-lng", "jp-sanctions-machine-tools", "ca-sanctions-banks", "au-sanctions-shadow-fleet"),
        ("nl-patriot-parts", "dk-drone-fund", "de-iris-t-batteries", "no-gas-purchase"),
        ("davos-stubb-icebreakers", "davos-mahama-cocoa", "davos-schoof-semiconductors"),
        ("davos-armenia-azerbaijan", "davos-serbia-kosovo", "davos-india-canada-ministers"),
        ("wef-report-water", "wef-report-tourism", "wef-report-cyber", "wef-report-energy"),
    ],
)
def test_happenings_of_one_kind_in_one_week_are_stories_each(alike: tuple[str, ...]) -> None:
    articles = [one for one in labelled() if one.happening in alike]
    within: dict[str, set[str]] = {}
    for one, article in cluster(articles, shipped_model(), Rules(), no_embedding):
        within.setdefault(article.story, set()).add(one.happening)
    assert set().union(*within.values()) == set(alike)
    assert [names for names in within.values() if len(names) > 1] == []
