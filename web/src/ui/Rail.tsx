import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { countryName } from "../lib/names";
import { openAlerts, stats } from "../state/desk";
import { topics } from "../state/feed";
import { filters, show, toggle } from "../state/place";
import { AlertLine } from "./AlertItem";
import { Waiting } from "./bits";
import { LazyChart, LazyMap } from "./lazy";
import { Ranking } from "./Ranking";

const WIDE = matchMedia("(min-width: 1200px)");

/** Activity, countries and open alerts, beside the stream where the screen is wide. */
export function Rail() {
  const wide = useSignal(WIDE.matches);
  useEffect(() => {
    const changed = () => (wide.value = WIDE.matches);
    WIDE.addEventListener("change", changed);
    return () => WIDE.removeEventListener("change", changed);
  }, []);
  if (!wide.value) return null;
  const { value, error } = stats.value;
  const open = openAlerts.value.slice(0, 3);
  return (
    <aside class="rail" aria-label="Overview">
      {open.length > 0 && (
        <section class="panel">
          <h2>
            Open alerts
            <button type="button" class="plain" onClick={() => show("alerts")}>
              All
            </button>
          </h2>
          <ul class="alert-lines">
            {open.map((alert) => (
              <AlertLine key={alert.id} alert={alert} />
            ))}
          </ul>
        </section>
      )}
      {value ? (
        <>
          <section class="panel">
            <h2>Events by minute</h2>
            <LazyChart minutes={value.minutes} topics={topics.value.map(({ id }) => id)} height={120} />
          </section>
          <section class="panel">
            <h2>
              Countries spoken of
              <button type="button" class="plain" onClick={() => show("world")}>
                World
              </button>
            </h2>
            <LazyMap
              counts={value.countries}
              selected={filters.value.country}
              region="World"
              pick={(code) => toggle("country", code)}
            />
          </section>
          <Ranking
            title="Top countries"
            rows={value.countries.map((one) => ({
              value: one.value,
              label: countryName(one.value),
              number: one.events,
            }))}
            unit="events"
            most={8}
            selected={filters.value.country}
            pick={(code) => toggle("country", code)}
          />
        </>
      ) : (
        <Waiting error={error} what="Counts" />
      )}
    </aside>
  );
}
