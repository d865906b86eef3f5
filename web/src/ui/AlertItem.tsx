import type { Alert } from "../generated/alert";
import { count, countryName, many } from "../lib/names";
import { openAlerts, stories } from "../state/desk";
import { show, showWith } from "../state/place";
import { Foreign, Time, topicName } from "./bits";

export type Burst = Extract<Alert, { kind: "burst" }>;
type Silent = Extract<Alert, { kind: "source-silent" }>;

export function isBurst(alert: Alert): alert is Burst {
  return alert.kind === "burst";
}

/** How many times more than usual. */
function times({ observed, expected }: Burst): string {
  const ratio = observed / Math.max(expected, 0.1);
  return `${ratio < 10 ? ratio.toFixed(1) : count(Math.round(ratio))}×`;
}

/** The chance of so many by accident, as one in so many. */
export function chance(probability: number): string {
  if (probability >= 0.01) return `${(probability * 100).toFixed(0)} %`;
  if (probability <= 1e-12) return "under 1 in a million million";
  const words = new Intl.NumberFormat("en", {
    notation: "compact",
    compactDisplay: "long",
    maximumSignificantDigits: 1,
  });
  return `1 in ${words.format(1 / probability)}`;
}

function subjectName(alert: Burst): string {
  if (alert.subject === "topic") return topicName(alert.value);
  if (alert.subject === "country") return countryName(alert.value);
  return stories.value.value?.find(({ id }) => id === alert.value)?.title ?? alert.title;
}

function look(alert: Burst): void {
  if (alert.subject === "story") show("stories", alert.value);
  else showWith("live", { [alert.subject]: [alert.value] });
}

/** An alert in one line, beside the stream. */
export function AlertLine({ alert }: { alert: Alert }) {
  return (
    <li>
      <button type="button" class="alert-line" onClick={() => (isBurst(alert) ? look(alert) : show("alerts"))}>
        <span class={`mark-${alert.kind}`} aria-hidden="true" />
        <Foreign text={isBurst(alert) ? subjectName(alert) : alert.title} most={120} />
        <b>{isBurst(alert) ? times(alert) : "silent"}</b>
      </button>
    </li>
  );
}

function BurstFacts({ alert }: { alert: Burst }) {
  const greatest = Math.max(alert.observed, alert.expected, 1);
  return (
    <>
      <div class="against">
        <span>seen</span>
        <meter class="bar strong" min={0} max={greatest} value={alert.observed} aria-hidden="true" />
        <b>{count(alert.observed)}</b>
        <span>usual</span>
        <meter class="bar" min={0} max={greatest} value={alert.expected} aria-hidden="true" />
        <b>{alert.expected.toFixed(1)}</b>
      </div>
      <p class="soft">
        {times(alert)} as many articles as this time of the week lets expect; by chance: {chance(alert.probability)}.
      </p>
      <p class="links">
        <button type="button" onClick={() => look(alert)}>
          {alert.subject === "story" ? "The story" : "Its events"}
        </button>
        {alert.stories
          .filter((id) => id !== alert.value)
          .slice(0, 3)
          .map((id) => (
            <button key={id} type="button" class="plain" onClick={() => show("stories", id)}>
              <Foreign text={stories.value.value?.find((story) => story.id === id)?.title ?? "a story"} most={90} />
            </button>
          ))}
      </p>
    </>
  );
}

function SilentFacts({ alert }: { alert: Silent }) {
  return (
    <p class="soft">
      Its last article came <Time at={alert.since} words />; on a usual day it publishes{" "}
      {many(Math.round(alert.baseline_per_day), "article")}.{" "}
      <button type="button" class="plain" onClick={() => showWith("sources", { source: [alert.source.toLowerCase()] })}>
        Its health
      </button>
    </p>
  );
}

/** An alert with what it rests on. */
export function AlertItem({ alert }: { alert: Alert }) {
  const state = openAlerts.value.includes(alert) ? "open" : "closed";
  return (
    <li class={`alert-item ${state}`} data-item data-id={alert.id} tabIndex={-1}>
      <article>
        <p class="by">
          <Time at={alert.at} />
          <span class={`tag ${state === "open" ? "bad" : "fact"}`}>{isBurst(alert) ? state : "silent source"}</span>
          {isBurst(alert) && <span>{alert.subject}</span>}
          {isBurst(alert) && (
            <span>
              began <Time at={alert.since} words />
            </span>
          )}
        </p>
        <h3>
          <Foreign text={alert.title} />
        </h3>
        {isBurst(alert) ? <BurstFacts alert={alert} /> : <SilentFacts alert={alert} />}
      </article>
    </li>
  );
}
