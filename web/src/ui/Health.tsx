import { useSignal } from "@preact/signals";
import type { SourceHealth } from "../generated/source-health";
import { count, countryName, duration, languageName, words } from "../lib/names";
import { Empty, Foreign, Time } from "./bits";

const STATUSES = ["failing", "silent", "gone", "new", "ok"] as const; // what needs somebody first

function Tally({
  items,
  chosen,
  choose,
}: {
  items: readonly SourceHealth[];
  chosen: string;
  choose(status: string): void;
}) {
  return (
    <fieldset class="tally">
      <legend class="sr">Health</legend>
      {STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          class={`status-${status}`}
          aria-pressed={chosen === status}
          onClick={() => choose(chosen === status ? "" : status)}
        >
          <b>{items.filter((one) => one.status === status).length}</b> {status}
        </button>
      ))}
    </fieldset>
  );
}

function Row({ source }: { source: SourceHealth }) {
  return (
    <tr data-item tabIndex={-1}>
      <th scope="row">
        <Foreign text={source.name} most={60} />
        <span class="soft">{source.domain}</span>
      </th>
      <td>
        <span class={`tag status-${source.status}`}>{source.status}</span>
        {source.problem && (
          <span class="problem" title={source.detail ?? ""}>
            {words(source.problem)}
            {source.failures > 1 && `, ${source.failures} times`}
          </span>
        )}
      </td>
      <td>{countryName(source.country)}</td>
      <td>{languageName(source.language)}</td>
      <td class="number">{source.tier}</td>
      <td>
        <Time at={source.last_article} />
      </td>
      <td class="number">{count(source.articles_last_day)}</td>
      <td class="number">{source.usual_per_day == null ? "–" : count(Math.round(source.usual_per_day))}</td>
      <td class="number">{duration(source.interval_seconds)}</td>
    </tr>
  );
}

/** How each source is doing, those first that need somebody. */
export function Health({ items }: { items: readonly SourceHealth[] }) {
  const chosen = useSignal("");
  const rank = (one: SourceHealth) => STATUSES.indexOf(one.status);
  const shown = items
    .filter((one) => !chosen.value || one.status === chosen.value)
    .toSorted((a, b) => rank(a) - rank(b));
  return (
    <section class="panel health">
      <h2>
        Health <span class="count">{count(items.length)}</span>
      </h2>
      <Tally items={items} chosen={chosen.value} choose={(status) => (chosen.value = status)} />
      {items.length === 0 ? (
        <Empty title="No source has been polled yet">
          <p>
            <code>geonews run</code> polls the catalogue, and says here how each source is doing.
          </p>
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls must be reachable by key
        <section class="scroll-x" tabIndex={0} aria-label="Health of the sources">
          <table>
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col">Status</th>
                <th scope="col">Country</th>
                <th scope="col">Language</th>
                <th scope="col">Tier</th>
                <th scope="col">Last article</th>
                <th scope="col">Last day</th>
                <th scope="col">Usual</th>
                <th scope="col">Polled every</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((source) => (
                <Row key={source.id} source={source} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
