import { useSignal } from "@preact/signals";
import type { Balance, Share } from "../lib/contract";
import { count, countryName, languageName, percent, words } from "../lib/names";
import { filters, toggle } from "../state/place";
import { OneOf } from "./OneOf";
import { Ranking } from "./Ranking";

type Weight = "sources" | "events";
const WEIGHTS: readonly Weight[] = ["sources", "events"];

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

/** Where the catalogue leans, by sources or by the events that come from them. */
export function BalanceOf({ balance }: { balance: Balance }) {
  const weight = useSignal<Weight>("sources");
  const rows = (list: readonly Share[], name: (value: string) => string) =>
    list
      .map((one) => ({ value: one.value, label: name(one.value), number: one[weight.value] }))
      .sort((a, b) => b.number - a.number);
  return (
    <section class="balance" aria-labelledby="balance-title">
      <h2 id="balance-title">
        Balance of the catalogue
        <OneOf legend="Count" of={WEIGHTS} chosen={weight} />
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
