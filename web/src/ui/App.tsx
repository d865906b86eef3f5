import { needsKey } from "../lib/api";
import { notice, refused } from "../state/feed";
import { clearFilters, view } from "../state/place";
import { Alerts } from "./Alerts";
import { FilterBar } from "./FilterBar";
import { Header } from "./Header";
import { Help } from "./Help";
import { KeyForm } from "./KeyForm";
import { Live } from "./Live";
import { Sources } from "./Sources";
import { Stories } from "./Stories";
import { World } from "./World";

const VIEW_PARTS = { live: Live, world: World, stories: Stories, alerts: Alerts, sources: Sources };

function Notice() {
  if (!notice.value) return null;
  return (
    <div class="notice" role="status">
      <p>{notice.value}</p>
      <button type="button" onClick={() => (notice.value = "")}>
        Dismiss
      </button>
    </div>
  );
}

function Refused() {
  return (
    <div class="empty">
      <p class="empty-title">These filters cannot be used</p>
      <p>{refused.value}</p>
      <button type="button" onClick={clearFilters}>
        Clear filters
      </button>
    </div>
  );
}

/** The whole page. */
export function App() {
  const Part = VIEW_PARTS[view.value];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <FilterBar />
      <Notice />
      <main id="main" tabIndex={-1}>
        {needsKey.value ? <KeyForm /> : refused.value ? <Refused /> : <Part />}
      </main>
      <footer class="foot">
        <p>
          Words that speak for a topic are <mark>marked</mark>. Programs read the same at{" "}
          <a href="/v1/events">/v1/events</a>, <code>/v1/stream</code> and{" "}
          <a href="/v1/openapi.json">/v1/openapi.json</a>. Map: Natural Earth.
        </p>
      </footer>
      <Help />
    </>
  );
}
