import type { EnrichedEvent } from "../src/generated/event";

/** An event with as little in it as the contract allows. */
export function event(changes: Partial<EnrichedEvent> = {}): EnrichedEvent {
  return {
    id: "0".repeat(32),
    version: 1,
    supersedes: null,
    url: "https://example.org/",
    canonical_url: "https://example.org/",
    title: "A title",
    summary: "",
    language: "en",
    language_score: null,
    published_at: "2026-01-20T10:00:00Z",
    published_at_source: "article",
    source: { id: "example", name: "Example", domain: "example.org", country: null, family: "example", tier: null },
    topics: [{ topic: "davos", score: 0.9, threshold: 0.5, evidence: [] }],
    countries: [],
    people: [],
    organisations: [],
    sectors: [],
    importance: 0.5,
    classification: { model: "lexicon", model_version: "1", taxonomy_version: "1", stage: "lexicon" },
    raw: { topic: "raw", partition: 0, offset: 0 },
    processed_at: "2026-01-20T10:00:01Z",
    ...changes,
  };
}
