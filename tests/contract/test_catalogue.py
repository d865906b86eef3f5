"""The catalogue that ships with geonews keeps what is promised of it, and mistakes in one are named."""

from collections import Counter
from pathlib import Path

import pycountry
import pytest
import yaml

from app.errors import ConfigurationError
from app.sources.catalogue import Catalogue, catalogue_path, load_catalogue
from app.steps import publishers


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_it_is_large_and_worldwide(catalogue: Catalogue) -> None:
    assert len(catalogue.sources) >= 150
    assert len({source.language for source in catalogue.sources}) >= 20
    assert len({source.country for source in catalogue.sources}) >= 40
    assert {source.tier for source in catalogue.sources} == {1, 2, 3}
    assert len({source.kind for source in catalogue.sources}) == 8


def test_countries_and_languages_exist(catalogue: Catalogue) -> None:
    for source in catalogue.sources:
        assert pycountry.countries.get(alpha_2=source.country), source.id
        assert pycountry.languages.get(alpha_2=source.language), source.id


def test_every_field_is_said_for_every_source() -> None:
    """Defaults are for catalogues of one's own: here, nobody should have to guess whether something was forgotten."""
    fields = {"id", "name", "url", "domain", "country", "language", "tier", "family", "kind"}
    for entry in yaml.safe_load(catalogue_path().read_bytes())["sources"]:
        assert set(entry) - {"also"} == fields | {"state_affiliated", "paywall"}, entry["id"]


def test_what_a_state_runs_is_never_of_the_first_tier_unless_it_speaks_for_itself(catalogue: Catalogue) -> None:
    """A government's own announcements are primary sources; a news desk that it steers is not, save those at arm's
    length abroad, which are broadcasters."""
    for source in catalogue.sources:
        if source.state_affiliated and source.tier == 1:
            assert source.kind in ("government", "public-broadcaster", "agency"), source.id
    assert {s.tier for s in catalogue.sources if s.family in ("russian-state", "chinese-state")} == {3}


def test_no_family_is_most_of_the_catalogue(catalogue: Catalogue) -> None:
    (_, largest) = Counter(source.family for source in catalogue.sources).most_common(1)[0]
    assert largest < len(catalogue.sources) / 20


def test_publishers_are_the_same_file_by_domain(catalogue: Catalogue) -> None:
    for source in catalogue.sources:
        for domain in (source.domain, *source.also):
            known = publishers.find(f"edition.{domain}")
            assert known is not None
            assert (known.family, known.tier, known.country) == (source.family, source.tier, source.country)
    assert publishers.find("no-such-paper.example") is None
    assert publishers.find("com") is None


ENTRY = {
    "id": "a-paper",
    "name": "A Paper",
    "url": "https://a.example/rss",
    "domain": "a.example",
    "country": "FR",
    "language": "fr",
    "tier": 2,
    "family": "a",
    "kind": "newspaper",
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([{"tier": 4}], r"a-paper\.tier"),
        ([{"id": None}], "source 1.id"),
        ([{"url": "ftp://a.example/"}], r"a-paper\.url"),
        ([{"country": "France"}], r"a-paper\.country"),
        ([{"colour": "red"}], r"a-paper\.colour"),
        ([{}, {"url": "https://b.example/"}], "id 'a-paper' stands more than once"),
        ([{}, {"id": "b"}], "url .* stands more than once"),
        ([{}, {"id": "b", "url": "https://b.example/", "tier": 1}], "a-paper and b share a.example but differ in tier"),
        ([], "sources"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: list[dict[str, object]], says: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": [ENTRY | change for change in changes]}))
    with pytest.raises(ConfigurationError, match=says) as caught:
        load_catalogue(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("content", "says"), [(None, "GEONEWS_SOURCES"), ("a: [", "is not YAML"), ("- 1", "dict")])
def test_files_that_are_no_catalogue_are_named(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "sources.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=says):
        load_catalogue(path)
