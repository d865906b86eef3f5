import { useSignal } from "@preact/signals";
import type { SourceHealth } from "../generated/source-health";
import type { Balance, Share } from "../lib/contract";
import { count, countryName, duration, languageName, percent, words } from "../lib/names";
import { sources } from "../state/desk";
import { filters, toggle } from "../state/place";
import { Empty, Foreign, Time, Waiting } from "./bits";
import { Ranking } from "./Ranking";

const STATUSES = ["failing", "silent", "gone", "new", "ok"] as const; // what needs somebody first
type Weight = "sources" | "events";

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

function Health({ items }: { items: readonly SourceHealth[] }) {
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

function Affiliated({ state, weight, total }: { state: Balance["state_affiliated"]; weight: Weight; total: number }) {
  const share = weight === "sources" ? state.share : state.event_share;
  const number = weight === "sources" ? state.sources : state.events;
  return (
    <section class="panel affiliated">
      <h2>State-affiliated</h2>
      <p class="big">
        <b>{percent(share)}</b> of {weight === "sources" ? `${count(total)} sources` : "events"} ({count(number)})
      </p>
      <meter class="bar strong" min={0} max={1} value={share} aria-hidden="true" />
      <p class="soft">Owned or steered by a government; public broadcasters at arm’s length are not.</p>
    </section>
  );
}

function BalanceOf({ balance }: { balance: Balance }) {
  const weight = useSignal<Weight>("sources");
  const rows = (list: readonly Share[], name: (value: string) => string) =>
    list
      .map((one) => ({ value: one.value, label: name(one.value), number: one[weight.value] }))
      .sort((a, b) => b.number - a.number);
  return (
    <section class="balance" aria-labelledby="balance-title">
      <h2 id="balance-title">
        Balance of the catalogue
        <fieldset class="regions">
          <legend class="sr">Count</legend>
          {(["sources", "events"] as const).map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={weight.value === name}
              onClick={() => (weight.value = name)}
            >
              {name}
            </button>
          ))}
        </fieldset>
      </h2>
      <div class="panels">
        <Affiliated state={balance.state_affiliated} weight={weight.value} total={balance.sources} />
        <Ranking
          title="Countries"
          rows={rows(balance.countries, countryName)}
          unit={weight.value}
          selected={filters.value.country}
          pick={(code) => toggle("country", code)}
        />
        <Ranking
          title="Languages"
          rows={rows(balance.languages, languageName)}
          unit={weight.value}
          selected={filters.value.language}
          pick={(tag) => toggle("language", tag)}
        />
        <Ranking title="Families" rows={rows(balance.families, (value) => value)} unit={weight.value} />
        <Ranking title="Kinds" rows={rows(balance.kinds, words)} unit={weight.value} />
        <Ranking title="Tiers" rows={rows(balance.tiers, (value) => `tier ${value}`)} unit={weight.value} />
      </div>
    </section>
  );
}

/** How each source is doing, and whether the catalogue is balanced. */
export function Sources() {
  const { value, error } = sources.value;
  if (!value) return <Waiting error={error} what="Sources" />;
  return (
    <div class="sources">
      {error && <p class="notice bad">Not current: {error}.</p>}
      {value.balance && <BalanceOf balance={value.balance} />}
      <Health items={value.items} />
    </div>
  );
}
