import { alerts, latestAlerts, openAlerts } from "../state/desk";
import { AlertItem } from "./AlertItem";
import { Empty, Waiting } from "./bits";

/** Bursts and silent sources, the open ones first. */
export function Alerts() {
  const { value, error } = alerts.value;
  if (!value) return <Waiting error={error} what="Alerts" />;
  const open = openAlerts.value;
  const closed = latestAlerts.value.filter((alert) => !open.includes(alert));
  return (
    <section class="sheet" aria-labelledby="alerts-title">
      <h2 id="alerts-title">
        Alerts <span class="count">{open.length ? `${open.length} open` : ""}</span>
      </h2>
      {error && <p class="notice bad">Not current: {error}.</p>}
      {value.length ? (
        <ol class="alerts">
          {[...open, ...closed].map((alert) => (
            <AlertItem key={alert.id} alert={alert} />
          ))}
        </ol>
      ) : (
        <Empty title="No alerts">
          <p>
            One appears when far more is published about a topic, a country or a story than usual, or when a source
            falls silent.
          </p>
        </Empty>
      )}
    </section>
  );
}
