"""The taxonomy: ours loads, and each way to get one wrong gives a message that says where."""

from pathlib import Path

import pytest

from app.classification.taxonomy import TaxonomyError, load_taxonomy

GOOD = """
version: "7"
groups:
  shared: {en: [beta]}
topics:
  - id: red-sea
    name: Red Sea
    description: Shipping there.
    groups:
      ships: {en: [tanker*, {vessel: 0.5}], "no": [skip]}
    rules:
      - {id: ships, all: [ships], points: 5}
      - {id: both, all: [ships, shared], within: 40, points: 1}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_ours_has_the_three_topics() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.topic_ids == ["trade-deals", "ukraine-war", "davos"]
    assert taxonomy.version


@pytest.mark.parametrize("topic", ["trade-deals", "ukraine-war", "davos"])
def test_ours_speaks_the_promised_languages(topic: str) -> None:
    found = next(each for each in load_taxonomy().topics if each.id == topic)
    languages = set().union(*(set(terms) for terms in found.groups.values()))
    promised = "en de fr es it pt pl uk ru ar tr hi zh ja ko nl sv da no fa el he sw bn id vi"
    assert languages >= set(promised.split())


def test_a_good_file_is_read_as_written(tmp_path: Path) -> None:
    taxonomy = load_taxonomy(written(tmp_path, GOOD))
    terms = taxonomy.topics[0].groups["ships"]
    assert [(term.text, term.weight) for term in terms["en"]] == [("tanker*", 1.0), ("vessel", 0.5)]
    assert [term.text for term in terms["no"]] == ["skip"]
    assert taxonomy.path == tmp_path / "taxonomy.yaml"


def test_the_fingerprint_follows_the_content_only(tmp_path: Path) -> None:
    first = load_taxonomy(written(tmp_path, GOOD)).fingerprint
    assert load_taxonomy(written(tmp_path, "# a comment" + GOOD)).fingerprint == first
    assert load_taxonomy(written(tmp_path, GOOD.replace("beta", "gamma"))).fingerprint != first


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("all: [ships], points", "all: [boats], points", "there is no group boats"),
        ("id: both", "id: ships", "rule ships stands twice"),
        ("id: red-sea", "id: Red_Sea", "topics.0.id"),
        ("within: 40, ", "within: 0, ", "within"),
        ("all: [ships, shared], within: 40", "all: [ships], within: 40", "`within` needs two groups"),
        ("tanker*", "tan*ker", "may only end a word"),
        ("tanker*", "'*'", "must stand at a word"),
        ("vessel: 0.5", "vessel: 1.5", "weight"),
        ('version: "7"', "", "version"),
        ("points: 5", "points: 5, colour: red", "colour"),
        ('"no": [skip]', "no: [skip]", "groups.ships"),
        ("topics:", "topics: [", "is not YAML"),
    ],
)
def test_a_bad_file_is_named_with_its_mistake(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_topic_may_not_stand_twice(tmp_path: Path) -> None:
    topic = GOOD[GOOD.index("  - id") :]
    with pytest.raises(TaxonomyError, match="red-sea stands twice"):
        load_taxonomy(written(tmp_path, GOOD + topic))


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="GEONEWS_TAXONOMY"):
        load_taxonomy(tmp_path / "nowhere.yaml")
