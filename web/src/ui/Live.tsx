import { useSignal } from "@preact/signals";
import { inWords } from "../lib/api";
import { countSet } from "../lib/filters";
import { count } from "../lib/names";
import type { Column } from "../state/columns";
import { stats } from "../state/desk";
import { columns } from "../state/events";
import { loaded, loadOlder } from "../state/feed";
import { clearFilters, filters } from "../state/place";
import { Empty, hue, topicName, Waiting } from "./bits";
import { EventItem } from "./EventItem";
import { Rail } from "./Rail";

function Older({ column }: { column: Column }) {
  const busy = useSignal(false);
  const error = useSignal("");
  if (!column.next && !column.cut) return null;
  const load = async () => {
    busy.value = true;
    error.value = "";
    await loadOlder(column).catch((problem: unknown) => {
      error.value = inWords(problem);
    });
    busy.value = false;
  };
  return (
    <div class="older">
      <button type="button" disabled={busy.value} onClick={() => void load()}>
        {busy.value ? "Loading …" : "Older events"}
      </button>
      {error.value && <p role="alert">{error.value}</p>}
    </div>
  );
}

function NoEvents() {
  if (!countSet(filters.value)) {
    return (
      <Empty title="No events yet">
        <p>They appear here as soon as a worker publishes one.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No event passes these filters">
      <p>New ones that do appear here by themselves.</p>
      <button type="button" onClick={clearFilters}>
        Clear filters
      </button>
    </Empty>
  );
}

/** How many events of the list's kind the gateway holds. */
function Recent({ topic }: { topic: string | null }) {
  const counted = stats.value.value;
  const number = topic === null ? counted?.events : counted?.topics.find(({ value }) => value === topic)?.events;
  return (
    <span class="count" title="events that the gateway holds">
      {number ? count(number) : ""}
    </span>
  );
}

function List({ column }: { column: Column }) {
  const { topic, items } = column;
  const chosen = filters.value.topic;
  const only = topic ?? (chosen.length === 1 ? (chosen[0] ?? null) : null);
  const name = only === null ? "All topics" : topicName(only);
  return (
    <section class={`column ${only ? hue(only) : ""}`} aria-label={name}>
      <h2>
        {name} <Recent topic={only} />
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by key */}
      <section class="scroll" tabIndex={0} aria-label={`Events: ${name}`}>
        {items.length ? (
          <ol class="events">
            {items.map((event) => (
              <EventItem key={event.id} event={event} topic={only} roomy={topic === null} />
            ))}
          </ol>
        ) : (
          <NoEvents />
        )}
        <Older column={column} />
      </section>
    </section>
  );
}

/** The stream by topic, with the desk's overview beside it where there is room. */
export function Live() {
  return (
    <div class="live">
      <div class={`columns count-${columns.value.length}`}>
        {columns.value.length || loaded.value ? (
          columns.value.map((column) => <List key={column.topic ?? ""} column={column} />)
        ) : (
          <section class="column" aria-label="Events">
            <Waiting error="" what="Events" />
          </section>
        )}
      </div>
      <Rail />
    </div>
  );
}
