"""enrich: an article and its verdict become an event, as `schemas.event.EnrichedEvent` describes it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from app.classification.base import ModelInfo, TopicScore, Verdict
from app.classification.language import identify
from app.steps import countries, entities, facets, importance, publishers, sectors
from app.steps.dedupe import Version
from app.steps.gazetteer import scan
from app.steps.records import Article, Inbound, Publisher
from schemas.event import MAX_SUMMARY_CHARS

# The topics whose articles have a deal's stage and a war's sides.
_DEALS: Final = "trade-deals"
_WAR: Final = "ukraine-war"


def enrich(
    article: Article, verdict: Verdict, version: Version, record: Inbound, info: ModelInfo, now: datetime
) -> dict[str, Any]:
    """The event of a relevant article, ready for JSON. `now` is in UTC."""
    document = article.document
    identified = None if document.language else identify(document)
    scanned = scan(document)
    found = countries.find(document, scanned)
    named = entities.find(document, scanned)
    source = _source(article.publisher)
    accepted = {topic.topic: topic for topic in verdict.topics if topic.accepted}
    deal, war = accepted.get(_DEALS), accepted.get(_WAR)
    parts = importance.components(verdict.topics, found, source["tier"])
    return {
        "id": article.id,
        "version": version.number,
        "supersedes": version.supersedes,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": document.title or _shortened(document.summary or document.text, 120),
        "summary": _shortened(document.summary or document.text, MAX_SUMMARY_CHARS),
        "language": identified.language if identified else document.language,
        "language_score": identified.score if identified else None,
        "published_at": rfc3339(article.published_at),
        "published_at_source": article.published_at_source,
        "source": source,
        "topics": [_topic(topic) for topic in verdict.topics],
        "countries": [
            {"code": c.code, "name": c.name, "mentions": c.mentions, "prominence": c.prominence} for c in found
        ],
        "people": [_entity(person) for person in named.people],
        "organisations": [_entity(organisation) for organisation in named.organisations],
        "sectors": sectors.find(document, scanned),
        "importance": parts.total,
        "importance_parts": asdict(parts),
        "deal_stage": None if deal is None else facets.deal_stage(document, scanned, deal.evidence),
        "war_facets": [] if war is None else facets.war_facets(document, scanned, war.evidence),
        "date_problem": article.date_problem,
        "classification": {
            "model": info.model,
            "model_version": info.model_version,
            "taxonomy_version": info.taxonomy_version,
            "stage": verdict.stage,
        },
        "raw": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
        "processed_at": rfc3339(now),
    }


def _source(publisher: Publisher) -> dict[str, Any]:
    """The publisher; what the catalogue knows of its domain outweighs what the article says."""
    known = publishers.find(publisher.domain)
    named = publisher.id != publisher.domain
    return {
        "id": publisher.id if named or not known else known.id,
        "name": known.name if known and publisher.name == publisher.domain else publisher.name,
        "domain": publisher.domain,
        "country": known.country if known else publisher.country,
        "family": known.family if known else publisher.domain,
        "tier": known.tier if known else None,
    }


def _entity(mention: entities.EntityMention) -> dict[str, Any]:
    return {"name": mention.name, "wikidata": mention.wikidata, "mentions": mention.mentions}


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, such as 2026-01-20T10:15:00.000Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _topic(topic: TopicScore) -> dict[str, Any]:
    return {
        "topic": topic.topic,
        "score": topic.score,
        "threshold": topic.threshold,
        "evidence": [{"field": e.field, "start": e.start, "end": e.end, "text": e.text} for e in topic.evidence],
    }


def _shortened(text: str, limit: int) -> str:
    """`text`, or as many whole words of it as fit into `limit` characters with an ellipsis."""
    if len(text) <= limit:
        return text
    space = text.rfind(" ", limit // 2, limit)  # scripts without spaces are cut where the limit falls
    return text[: space if space > 0 else limit - 1].rstrip() + "…"
