"""The memorandum of Canada and South Korea, from a raw record to an event, with the shipped lexicon and taxonomy."""

import pytest

from app.classification.registry import build_classifier
from app.classification.taxonomy import load_taxonomy
from app.pipeline import ClassifyPath
from app.steps.candidates import unpack
from app.steps.memory import Memory, Pending
from schemas.channels import Channels
from schemas.event import EnrichedEvent
from tests.unit.articles import NOW, at_home

CHANNELS = Channels()
ARTICLE = {
    "url": "https://www.koreatimes.co.kr/economy/canada-south-korea-memorandum",
    "title": "Canada, South Korea sign auto and critical minerals memorandum as hedge against United States",
    "text": "Ottawa and Seoul signed a memorandum of understanding on Tuesday that covers electric vehicles, "
    "batteries, critical minerals and artificial intelligence. Prime Minister Mark Carney and Industry Minister Kim "
    "Jung-kwan said that Hyundai and LG Energy Solution would study plants, at a time of tariffs from Washington.",
    "language": "en",
    "published_at": "2026-01-20T09:00:00Z",
}


def test_it_carries_its_countries_sectors_people_firms_and_stage() -> None:
    path = ClassifyPath(CHANNELS, build_classifier("lexicon", load_taxonomy()), 1)
    decided = path.decide([at_home(ARTICLE, 1)], Pending(Memory(86_400_000, 100)), NOW)
    [packed] = [out.value for out in decided.outgoing if out.topic == CHANNELS.candidates]
    [candidate] = unpack(packed or b"")
    event = EnrichedEvent.model_validate(candidate.event)
    assert [topic.topic for topic in event.topics] == ["trade-deals"]
    assert {country.code for country in event.countries} == {"CA", "KR", "US"}
    assert {"autos", "batteries", "critical-minerals", "ai"} <= set(event.sectors)
    assert event.deal_stage == "signed"
    assert event.war_facets == []
    assert [person.name for person in event.people] == ["Mark Carney", "Kim Jung-kwan"]
    assert [o.name for o in event.organisations] == ["Hyundai Motor Company", "LG Energy Solution"]
    assert event.importance_parts is not None
    assert sum(event.importance_parts.model_dump().values()) == pytest.approx(event.importance)
