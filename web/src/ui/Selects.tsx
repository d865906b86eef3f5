import { signal } from "@preact/signals";
import { SECTORS } from "../generated/sectors";
import { PERIODS } from "../lib/filters";
import { count, countryName, languageName, words } from "../lib/names";
import { clean } from "../lib/text";
import { stats } from "../state/desk";
import { filter, toggle } from "../state/place";

const SCORES = [0.6, 0.7, 0.8, 0.9, 0.95];
export const PERIOD_NAMES: Record<string, string> = {
  "1h": "the last hour",
  "6h": "the last 6 hours",
  "24h": "the last 24 hours",
  "7d": "the last 7 days",
  "30d": "the last 30 days",
};
/** Whether a narrow screen shows the lists. */
export const expanded = signal(false);

interface Choice {
  value: string;
  label: string;
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

/** Lists to choose filters from, those first that most events pass. */
export function Selects() {
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
