// The live view: a page of each column, then the stream from that page's position on, without a gap.
import { effect, signal, untracked } from "@preact/signals";
import type { Alert } from "../generated/alert";
import type { EnrichedEvent } from "../generated/event";
import type { Story } from "../generated/story";
import type { Withdrawal } from "../generated/withdrawal";
import { ask, inWords, needsKey, Problem } from "../lib/api";
import type { EventsPage, Page, TopicInfo } from "../lib/contract";
import { parameters } from "../lib/filters";
import type { StreamMessage } from "../lib/sse";
import { type Column, emptyColumn, withOlder } from "./columns";
import { paused, phase, reason } from "./connection";
import { loadDesk, takeAlert, takeStory } from "./desk";
import { arrive, columns, release, replaceColumns, withdraw } from "./events";
import { filters } from "./place";
import { pauseBeforeRetry } from "./retry";
import { follow } from "./stream";

const FIRST_PAGE = 40; // events of each column that the page starts with
const OLDER_PAGE = 60;
const MOST_COLUMNS = 4;
const NARROW = matchMedia("(max-width: 999px)");

export const topics = signal<readonly TopicInfo[]>([]);
export const loaded = signal(false);
export const notice = signal("");
/** What the gateway does not accept about the filters; empty when it does. */
export const refused = signal("");

let run = new AbortController();

function take(message: StreamMessage): void {
  switch (message.name) {
    case "event":
      arrive(JSON.parse(message.data) as EnrichedEvent);
      break;
    case "withdrawal":
      withdraw((JSON.parse(message.data) as Withdrawal).withdraws);
      break;
    case "story":
      takeStory(JSON.parse(message.data) as Story);
      break;
    case "alert":
      takeAlert(JSON.parse(message.data) as Alert);
      break;
    case "gap":
      notice.value = "More passed while the page was not connected than the gateway keeps: the lists were loaded anew.";
      reload();
      break;
  }
}

function wantedColumns(): (string | null)[] {
  const chosen = filters.value.topic;
  const shown = chosen.length ? chosen : topics.value.map(({ id }) => id);
  // A narrow screen has one list: columns under each other would hide what is new in the lower ones.
  return !NARROW.matches && shown.length > 1 && shown.length <= MOST_COLUMNS ? [...shown] : [null];
}

function pageOf(topic: string | null, limit: number, cursor: string | null): string {
  const query = parameters(filters.value, "events");
  if (topic !== null) query.set("topic", topic);
  query.set("limit", String(limit));
  if (cursor) query.set("cursor", cursor);
  return `/v1/events?${query}`;
}

async function loadColumns(abort: AbortSignal): Promise<string | null> {
  if (!topics.value.length) topics.value = (await ask<Page<TopicInfo>>("/v1/topics", abort)).items;
  const wanted = wantedColumns();
  const fetchPage = (topic: string | null) => ask<EventsPage>(pageOf(topic, FIRST_PAGE, null), abort);
  // The first page comes before the others, so its position is the oldest: from there on nothing is missed, and what
  // comes twice is known by its id.
  const first = await fetchPage(wanted[0] ?? null);
  const pages = [first, ...(await Promise.all(wanted.slice(1).map(fetchPage)))];
  replaceColumns(
    wanted.map((topic, index) => {
      const { items = [], next_cursor = null } = pages[index] ?? {};
      return withOlder(emptyColumn(topic), items, next_cursor);
    }),
  );
  return first.position;
}

async function feed(abort: AbortSignal): Promise<void> {
  for (let failures = 0; !abort.aborted; failures++) {
    try {
      const position = await loadColumns(abort);
      loaded.value = true;
      loadDesk();
      const query = parameters(filters.value, "events");
      query.set("types", "events,stories,alerts");
      return await follow(`/v1/stream?${query}`, position, abort, take);
    } catch (error) {
      if (abort.aborted || needsKey.value) return;
      if (error instanceof Problem && error.status === 400) {
        refused.value = error.message;
        return;
      }
      phase.value = loaded.value ? "reconnecting" : "connecting";
      reason.value = inWords(error);
      await pauseBeforeRetry(failures, abort);
    }
  }
}

/** Start over with the filters of now. */
export function reload(): void {
  run.abort();
  run = new AbortController();
  refused.value = "";
  void feed(run.signal);
}

/** Add the page of older events below a column. */
export async function loadOlder(column: Column): Promise<void> {
  // What was pushed out is fetched again together with what follows it.
  const page = await ask<EventsPage>(
    column.cut ? pageOf(column.topic, 500, null) : pageOf(column.topic, OLDER_PAGE, column.next),
    run.signal,
  );
  columns.value = columns.value.map((one) =>
    one.topic === column.topic ? withOlder({ ...one, cut: false }, page.items, page.next_cursor) : one,
  );
}

export function togglePause(): void {
  paused.value = !paused.value;
  if (!paused.value && !release()) reload();
}

/** Load now and whenever the filters change. */
export function startFeed(): void {
  effect(() => {
    filters.value;
    untracked(() => {
      loaded.value = false;
      reload();
    });
  });
  NARROW.addEventListener("change", reload);
}
