// What the reader asked for, as the page's address says it, and as the gateway's parameters.

export const VIEWS = ["live", "world", "stories", "alerts", "sources"] as const;
export type View = (typeof VIEWS)[number];

export const LISTS = ["topic", "country", "language", "sector", "source"] as const;
export type ListName = (typeof LISTS)[number];

/** How far back, by its name in the address; in hours. */
export const PERIODS: Readonly<Record<string, number>> = { "1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720 };

export interface Filters extends Record<ListName, readonly string[]> {
  q: string;
  minScore: number;
  last: string; // a name in PERIODS, or empty
}

export interface Place {
  view: View;
  story: string | null; // the story that is open
  filters: Filters;
}

export const NO_FILTERS: Filters = {
  topic: [],
  country: [],
  language: [],
  sector: [],
  source: [],
  q: "",
  minScore: 0,
  last: "",
};

const FORMS: Record<ListName, RegExp> = {
  topic: /^[a-z0-9][a-z0-9-]{0,99}$/,
  country: /^[A-Z]{2}$/,
  language: /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/,
  sector: /^[a-z0-9-]{1,100}$/,
  source: /^\S{1,200}$/,
};
const MOST = 50;
const LONGEST_SEARCH = 200;

function listIn(query: URLSearchParams, name: ListName): string[] {
  const given = query.getAll(name).flatMap((text) => text.split(","));
  const proper = given.map((text) => (name === "country" ? text.trim().toUpperCase() : text.trim().toLowerCase()));
  return [...new Set(proper.filter((text) => FORMS[name].test(text)))].slice(0, MOST);
}

/** The place that an address names; what it gets wrong is left out. */
export function parsePlace(search: string): Place {
  const query = new URLSearchParams(search);
  const score = Number(query.get("min_score") ?? 0);
  const last = query.get("last") ?? "";
  const story = query.get("story") ?? "";
  return {
    view: VIEWS.find((view) => view === query.get("view")) ?? "live",
    story: /^[0-9a-f]{32}$/.test(story) ? story : null,
    filters: {
      topic: listIn(query, "topic"),
      country: listIn(query, "country"),
      language: listIn(query, "language"),
      sector: listIn(query, "sector"),
      source: listIn(query, "source"),
      q: (query.get("q") ?? "").trim().slice(0, LONGEST_SEARCH),
      minScore: score > 0 && score <= 1 ? score : 0,
      last: last in PERIODS ? last : "",
    },
  };
}

/** The address of a place: `/` for the plain live view. */
export function formatPlace({ view, story, filters }: Place): string {
  const query = new URLSearchParams();
  if (view !== "live") query.set("view", view);
  if (story) query.set("story", story);
  for (const name of LISTS) if (filters[name].length) query.set(name, filters[name].join(","));
  if (filters.minScore) query.set("min_score", String(filters.minScore));
  if (filters.last) query.set("last", filters.last);
  if (filters.q) query.set("q", filters.q);
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `/?${text}` : "/";
}

export type Asked = "events" | "stories" | "alerts" | "sources";
const TAKES: Record<Asked, readonly (ListName | "q" | "minScore" | "last")[]> = {
  events: ["topic", "country", "language", "sector", "source", "q", "minScore", "last"],
  stories: ["topic", "country", "language", "sector", "source", "q", "last"],
  alerts: ["topic", "country", "source", "q", "last"],
  sources: ["country", "language", "source", "q"],
};

/** The gateway's parameters for these filters: those that mean something for what is asked. */
export function parameters(filters: Filters, asked: Asked, now: Date = new Date()): URLSearchParams {
  const query = new URLSearchParams();
  const takes = TAKES[asked];
  for (const name of LISTS) if (takes.includes(name) && filters[name].length) query.set(name, filters[name].join(","));
  if (takes.includes("minScore") && filters.minScore) query.set("min_score", String(filters.minScore));
  if (takes.includes("q") && filters.q) query.set("q", filters.q);
  const hours = PERIODS[filters.last];
  if (takes.includes("last") && hours) query.set("since", new Date(now.getTime() - hours * 3_600_000).toISOString());
  return query;
}

/** How many filters are set, topics aside: those have buttons of their own. */
export function countSet(filters: Filters): number {
  const lists = LISTS.filter((name) => name !== "topic").reduce((sum, name) => sum + filters[name].length, 0);
  return lists + Number(filters.minScore > 0) + Number(filters.last !== "") + Number(filters.q !== "");
}
