// The events on the screen, and those that wait while the page is paused.
import { signal } from "@preact/signals";
import type { EnrichedEvent } from "../generated/event";
import { type Column, withNew, without } from "./columns";
import { heldCount, noteLag, paused } from "./connection";

const FLUSH_MS = 120; // a burst is drawn at most this often
const FRESH_MS = 3000; // how long an event is shown to be new
const MOST_HELD = 2000; // while paused; more than that is loaded anew instead

export const columns = signal<readonly Column[]>([]);
/** Ids of events that came live, so that they can be shown to be new. */
export const live = new Set<string>();

let inbox: EnrichedEvent[] = [];
let held: EnrichedEvent[] = [];
let waiting = false;

function flush(): void {
  waiting = false;
  const fresh = inbox;
  inbox = [];
  columns.value = columns.value.map((column) => withNew(column, fresh));
  setTimeout(() => {
    for (const { id } of fresh) live.delete(id);
  }, FRESH_MS);
}

function put(event: EnrichedEvent): void {
  live.add(event.id);
  inbox.push(event);
  if (waiting) return;
  waiting = true;
  setTimeout(flush, FLUSH_MS);
}

/** An event from the stream. */
export function arrive(event: EnrichedEvent): void {
  noteLag(event.processed_at);
  if (!paused.value) {
    put(event);
    return;
  }
  if (held.length < MOST_HELD) held.push(event);
  heldCount.value += 1;
}

/** Take an event off the screen. */
export function withdraw(id: string): void {
  inbox = inbox.filter((event) => event.id !== id);
  held = held.filter((event) => event.id !== id);
  columns.value = columns.value.map((column) => without(column, id));
}

/** Show what waited. False when more came than could wait: the lists must be loaded anew. */
export function release(): boolean {
  const whole = held.length === heldCount.value;
  if (whole) for (const event of held) put(event);
  held = [];
  heldCount.value = 0;
  return whole;
}

/** Start with these columns. */
export function replaceColumns(next: readonly Column[]): void {
  inbox = [];
  held = [];
  heldCount.value = 0;
  columns.value = next;
}
