// Stories, alerts, sources and counts: lists that are loaded whole and then kept current.
import { computed, effect, type Signal, signal, untracked } from "@preact/signals";
import type { Alert } from "../generated/alert";
import type { Story } from "../generated/story";
import { ask, inWords, Problem } from "../lib/api";
import type { Page, SourcesPage, Stats, WholeStory } from "../lib/contract";
import { type Asked, parameters } from "../lib/filters";
import { now } from "./clock";
import { paused } from "./connection";
import { filters, openStory, view } from "./place";

const LIST_LIMIT = 300;
const STATS_MS = 10_000;
const SOURCES_MS = 30_000;
const ALL_SOURCES = 500;
const SILENCE_OPEN_MS = 48 * 3_600_000;

/** A list as it is shown: what is there, or why nothing is. */
export interface Loaded<T> {
  value: T | null;
  error: string;
}

const nothing = { value: null, error: "" };
export const stories = signal<Loaded<readonly Story[]>>(nothing);
export const alerts = signal<Loaded<readonly Alert[]>>(nothing);
export const sources = signal<Loaded<SourcesPage>>(nothing);
export const stats = signal<Loaded<Stats>>(nothing);
export const story = signal<Loaded<WholeStory>>(nothing);

/** All alerts, the latest first. */
export const latestAlerts = computed(() => (alerts.value.value ?? []).toSorted((a, b) => b.at.localeCompare(a.at)));
export const openAlerts = computed(() => latestAlerts.value.filter((alert) => isOpen(alert, now.value)));

/** Whether somebody should look at it. Nothing ends a source's silence, so it counts as open for two days. */
export function isOpen(alert: Alert, moment: Date): boolean {
  if (alert.kind === "burst") return alert.state === "open";
  return moment.getTime() - Date.parse(alert.at) < SILENCE_OPEN_MS;
}

async function load<T>(into: Signal<Loaded<T>>, path: string, missing: T | null = null): Promise<void> {
  const asked = filters.peek();
  try {
    const value = await ask<T>(path);
    if (asked === filters.peek()) into.value = { value, error: "" };
  } catch (error) {
    if (asked !== filters.peek()) return;
    // A gateway that does not have this yet has nothing to show, which is no failure.
    if (error instanceof Problem && error.status === 404 && missing !== null)
      into.value = { value: missing, error: "" };
    else into.value = { value: into.value.value, error: inWords(error) };
  }
}

function path(name: Asked | "stats", limit?: number): string {
  const query = parameters(filters.value, name === "stats" ? "events" : name);
  if (limit) query.set("limit", String(limit));
  return `/v1/${name}?${query}`;
}

/** What the stream brought while the list was on its way, which the list may lack. */
const meanwhile: { stories: Story[] | null; alerts: Alert[] | null } = { stories: null, alerts: null };

async function loadPage<T>(into: Signal<Loaded<readonly T[]>>, name: "stories" | "alerts"): Promise<void> {
  meanwhile[name] = [];
  const page = signal<Loaded<Page<T>>>({ value: null, error: "" });
  await load(page, path(name, LIST_LIMIT), { items: [], next_cursor: null });
  into.value = { value: page.value.value?.items ?? into.value.value, error: page.value.error };
}

const loadStats = () => load(stats, path("stats"));
async function loadStories(): Promise<void> {
  await loadPage<Story>(stories, "stories");
  const late = meanwhile.stories ?? [];
  meanwhile.stories = null;
  late.forEach(takeStory);
}

async function loadAlerts(): Promise<void> {
  await loadPage<Alert>(alerts, "alerts");
  const late = meanwhile.alerts ?? [];
  meanwhile.alerts = null;
  late.forEach(takeAlert);
}
const loadSources = () => load(sources, path("sources", ALL_SOURCES));

/** Load what the live view shows beside its events, and the alerts that the navigation counts. */
export function loadDesk(): void {
  void loadStats();
  void loadAlerts();
}

/** A new version of a story from the stream. */
export function takeStory(next: Story): void {
  meanwhile.stories?.push(next);
  const old = stories.value.value;
  if (old === null) return;
  const known = old.find(({ id }) => id === next.id);
  if (known && known.version >= next.version) return;
  const rest = old.filter(({ id }) => id !== next.id);
  const value = next.status === "merged" ? rest : [next, ...rest].slice(0, LIST_LIMIT);
  stories.value = { value, error: "" };
  if (openStory.peek() === next.id) void loadStory(next.id);
}

/** A new alert, or news of an old one, from the stream. */
export function takeAlert(next: Alert): void {
  meanwhile.alerts?.push(next);
  const old = alerts.value.value;
  if (old === null) return;
  alerts.value = { value: [next, ...old.filter(({ id }) => id !== next.id)].slice(0, LIST_LIMIT), error: "" };
}

const loadStory = (id: string) => load(story, `/v1/stories/${id}`);

/** Keep current what the stream does not bring, while somebody looks at it. */
export function startDesk(): void {
  effect(() => {
    const id = openStory.value;
    untracked(() => {
      story.value = nothing;
      if (id) void loadStory(id);
    });
  });
  effect(() => {
    filters.value;
    if (view.value === "sources") untracked(() => void loadSources());
  });
  effect(() => {
    filters.value;
    if (view.value === "stories" || view.value === "alerts") untracked(() => void loadStories());
  });
  setInterval(() => {
    if (document.hidden) return;
    if (!paused.value) void loadStats();
    // The stream keeps these current; only what could not be loaded is asked for again.
    if (stories.value.error) void loadStories();
    if (alerts.value.error) void loadAlerts();
  }, STATS_MS);
  setInterval(() => {
    if (!document.hidden && view.value === "sources") void loadSources();
  }, SOURCES_MS);
}
