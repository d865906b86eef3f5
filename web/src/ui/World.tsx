import { useSignal } from "@preact/signals";
import { countryName, languageName, many } from "../lib/names";
import { clean } from "../lib/text";
import { stats } from "../state/desk";
import { topics } from "../state/feed";
import { filters, toggle } from "../state/place";
import { Waiting } from "./bits";
import { LazyChart, LazyMap } from "./lazy";
import { OneOf } from "./OneOf";
import { Ranking } from "./Ranking";
import type { Region } from "./WorldMap";

const REGIONS: readonly Region[] = ["World", "Europe", "Middle East", "Asia", "Africa", "Americas"];

/** Where and when: the map, activity over time, and who speaks of it. */
export function World() {
  const region = useSignal<Region>("World");
  const { value, error } = stats.value;
  if (!value) return <Waiting error={error} what="Counts" />;
  return (
    <div class="world">
      <section class="panel wide">
        <h2>
          Countries spoken of <span class="count">{many(value.events, "event")}</span>
        </h2>
        <OneOf legend="Part of the world" of={REGIONS} chosen={region} />
        <LazyMap
          counts={value.countries}
          selected={filters.value.country}
          region={region.value}
          pick={(code) => toggle("country", code)}
        />
      </section>
      <Ranking
        title="Countries"
        rows={value.countries.map((one) => ({ value: one.value, label: countryName(one.value), number: one.events }))}
        unit="events"
        most={20}
        selected={filters.value.country}
        pick={(code) => toggle("country", code)}
      />
      <section class="panel wide">
        <h2>Events by minute</h2>
        <LazyChart minutes={value.minutes} topics={topics.value.map(({ id }) => id)} height={200} />
      </section>
      <Ranking
        title="Languages"
        rows={value.languages.map((one) => ({ value: one.value, label: languageName(one.value), number: one.events }))}
        unit="events"
        selected={filters.value.language}
        pick={(tag) => toggle("language", tag)}
      />
      <Ranking
        title="Sources"
        rows={value.sources.map((one) => ({
          value: one.value,
          label: clean(one.name ?? one.value),
          number: one.events,
        }))}
        unit="events"
        selected={filters.value.source}
        pick={(id) => toggle("source", id)}
      />
    </div>
  );
}
