import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { countSet, LISTS, type ListName, PERIODS } from "../lib/filters";
import { count, countryName, languageName, words } from "../lib/names";
import { clean } from "../lib/text";
import { stats } from "../state/desk";
import { topics } from "../state/feed";
import { clearFilters, filter, filters, toggle } from "../state/place";
import { hue, topicName } from "./bits";

const SECTORS = [
  "autos",
  "batteries",
  "critical-minerals",
  "semiconductors",
  "ai",
  "energy",
  "agriculture",
  "steel",
  "pharma",
  "shipping",
  "defence",
  "finance",
];
const SCORES = [0.6, 0.7, 0.8, 0.9, 0.95];
const PERIOD_NAMES: Record<string, string> = {
  "1h": "the last hour",
  "6h": "the last 6 hours",
  "24h": "the last 24 hours",
  "7d": "the last 7 days",
  "30d": "the last 30 days",
};
const TYPING_MS = 300;
const expanded = signal(false);

interface Choice {
  value: string;
  label: string;
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { q } = filters.value;
  useEffect(() => {
    if (input.current && input.current.value.trim() !== q) input.current.value = q;
  }, [q]);
  const search = (text: string) => filter({ q: text.trim().slice(0, 200) }, true);
  return (
    <search class="search">
      <label for="search" class="sr">
        Search titles and summaries
      </label>
      <input
        ref={input}
        id="search"
        type="search"
        dir="auto"
        placeholder="Search titles and summaries"
        maxLength={200}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(search, TYPING_MS, value);
        }}
      />
    </search>
  );
}

function Topics() {
  return (
    <fieldset class="topics">
      <legend class="sr">Topics</legend>
      {topics.value.map(({ id, name, description }) => (
        <button
          key={id}
          type="button"
          class={`chip topic ${hue(id)}`}
          title={description}
          aria-pressed={filters.value.topic.includes(id)}
          onClick={() => toggle("topic", id)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

function Select({
  name,
  label,
  choices,
  pick,
}: {
  name: string;
  label: string;
  choices: Choice[];
  pick(value: string): void;
}) {
  return (
    <select
      id={`filter-${name}`}
      aria-label={`Filter by ${label.toLowerCase()}`}
      value=""
      onChange={({ currentTarget }) => {
        if (currentTarget.value) pick(currentTarget.value);
        currentTarget.value = "";
      }}
    >
      <option value="">{label}</option>
      {choices.map(({ value, label: text }) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

function Selects() {
  const counted = stats.value.value;
  const choices = (list: { value: string; events: number }[] | undefined, name: (value: string) => string): Choice[] =>
    (list ?? []).map(({ value, events }) => ({ value, label: `${name(value)} (${count(events)})` }));
  const sourceNames = new Map(counted?.sources.map(({ value, name }) => [value, name ?? value]));
  return (
    <div id="selects" class={`selects ${expanded.value ? "open" : ""}`}>
      <Select
        name="country"
        label="Country"
        choices={choices(counted?.countries, countryName)}
        pick={(value) => toggle("country", value)}
      />
      <Select
        name="language"
        label="Language"
        choices={choices(counted?.languages, languageName)}
        pick={(value) => toggle("language", value)}
      />
      <Select
        name="source"
        label="Source"
        choices={choices(counted?.sources, (value) => clean(sourceNames.get(value) ?? value))}
        pick={(value) => toggle("source", value)}
      />
      <Select
        name="sector"
        label="Sector"
        choices={SECTORS.map((value) => ({ value, label: words(value) }))}
        pick={(value) => toggle("sector", value)}
      />
      <Select
        name="score"
        label="Score"
        choices={SCORES.map((value) => ({ value: String(value), label: `at least ${value}` }))}
        pick={(value) => filter({ minScore: Number(value) })}
      />
      <Select
        name="period"
        label="Period"
        choices={Object.keys(PERIODS).map((value) => ({ value, label: PERIOD_NAMES[value] ?? value }))}
        pick={(value) => filter({ last: value })}
      />
    </div>
  );
}

function labelOf(name: ListName, value: string): string {
  if (name === "country") return countryName(value);
  if (name === "language") return languageName(value);
  return name === "topic" ? topicName(value) : name === "sector" ? words(value) : value;
}

function Active() {
  const { q, minScore, last } = filters.value;
  const set = LISTS.filter((name) => name !== "topic").flatMap((name) =>
    filters.value[name].map((value) => ({
      name: name as string,
      label: labelOf(name, value),
      remove: () => toggle(name, value),
    })),
  );
  if (q) set.push({ name: "search", label: `“${clean(q)}”`, remove: () => filter({ q: "" }) });
  if (minScore) set.push({ name: "score", label: `at least ${minScore}`, remove: () => filter({ minScore: 0 }) });
  if (last) set.push({ name: "period", label: PERIOD_NAMES[last] ?? last, remove: () => filter({ last: "" }) });
  if (!set.length) return null;
  return (
    <ul class="active" aria-label="Filters that are set">
      {set.map(({ name, label, remove }) => (
        <li key={`${name}:${label}`}>
          <button type="button" class="chip on" aria-label={`Remove filter ${name}: ${label}`} onClick={remove}>
            <span class="kind">{name}</span> <bdi>{label}</bdi> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="plain" title="x" onClick={clearFilters}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

/** Search and filters; all of them stand in the address. */
export function FilterBar() {
  const set = countSet(filters.value);
  return (
    <section class="filters" aria-label="Filters">
      <Search />
      <Topics />
      <button
        id="more-filters"
        type="button"
        class="more"
        aria-expanded={expanded.value}
        aria-controls="selects"
        onClick={() => (expanded.value = !expanded.value)}
      >
        Filters{set > 0 && ` (${set})`}
      </button>
      <Selects />
      <Active />
    </section>
  );
}
