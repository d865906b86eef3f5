// What the gateway answers with, beyond the records of schemas/: docs/http.md has the words for it.
import type { EnrichedEvent } from "../generated/event";
import type { SourceHealth } from "../generated/source-health";
import type { Story } from "../generated/story";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type EventsPage = Page<EnrichedEvent> & { position: string };
export type WholeStory = Story & { events: EnrichedEvent[] };

export interface TopicInfo {
  id: string;
  name: string;
  description: string;
  channel: string;
  feed?: string;
}

export interface Share {
  value: string;
  sources: number;
  events: number;
}

export interface Balance {
  sources: number;
  countries: Share[];
  languages: Share[];
  families: Share[];
  tiers: Share[];
  kinds: Share[];
  state_affiliated: { sources: number; share: number; events: number; event_share: number };
}

export type SourcesPage = Page<SourceHealth> & { balance: Balance };

export interface Counted {
  value: string;
  name?: string;
  events: number;
}

export interface Minute {
  minute: string;
  events: number;
  topics: Record<string, number>;
}

export interface Stats {
  events: number;
  stories: number;
  alerts: number;
  oldest: string | null;
  newest: string | null;
  topics: Counted[];
  countries: Counted[];
  languages: Counted[];
  sources: Counted[];
  minutes: Minute[];
}
