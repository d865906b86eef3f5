// Lists of events, newest first, as values: each change makes a new list and leaves the old one alone.
import type { EnrichedEvent } from "../generated/event";

export const COLUMN_CAP = 200; // events that a column keeps while new ones push old ones out

export interface Column {
  topic: string | null; // null: all that the filters let through
  items: readonly EnrichedEvent[];
  next: string | null; // cursor of the next older page
  cut: boolean; // old ones were pushed out: `next` no longer follows the last item
  cap: number;
}

export function emptyColumn(topic: string | null): Column {
  return { topic, items: [], next: null, cut: false, cap: COLUMN_CAP };
}

function belongs(event: EnrichedEvent, topic: string | null): boolean {
  return topic === null || event.topics.some((one) => one.topic === topic);
}

/** The column with new events on top; `fresh` in order of arrival. One that it has already changes nothing. */
export function withNew(column: Column, fresh: readonly EnrichedEvent[]): Column {
  const known = new Set(column.items.map(({ id }) => id));
  const replaced = new Set<string>();
  const added: EnrichedEvent[] = [];
  for (const event of fresh) {
    if (event.supersedes) replaced.add(event.supersedes);
    if (known.has(event.id) || !belongs(event, column.topic)) continue;
    known.add(event.id);
    added.unshift(event);
  }
  if (!added.length && !column.items.some(({ id }) => replaced.has(id))) return column;
  const all = [...added, ...column.items].filter(({ id }) => !replaced.has(id));
  return { ...column, items: all.slice(0, column.cap), cut: column.cut || all.length > column.cap };
}

/** The column with an older page below. */
export function withOlder(column: Column, page: readonly EnrichedEvent[], next: string | null): Column {
  const known = new Set(column.items.map(({ id }) => id));
  const items = [...column.items, ...page.filter(({ id }) => !known.has(id))];
  return { ...column, items, next, cap: Math.max(column.cap, items.length) };
}

/** The column without an event. */
export function without(column: Column, id: string): Column {
  const items = column.items.filter((event) => event.id !== id);
  return items.length === column.items.length ? column : { ...column, items };
}
