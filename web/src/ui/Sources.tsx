import { sources } from "../state/desk";
import { BalanceOf } from "./Balance";
import { Waiting } from "./bits";
import { Health } from "./Health";

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
