// The state of the connection, in the words that the reader sees.
import { computed, signal } from "@preact/signals";
import { ask, Problem } from "../lib/api";
import { duration } from "../lib/names";
import { serverNow } from "./clock";

export type Phase = "connecting" | "connected" | "reconnecting";
export type Shown = Phase | "paused" | "behind";

const BEHIND_SECONDS = 60; // an event that took longer than this from the pipeline to here
const FORGET_LAG_MS = 30_000; // after so long without another one nothing is waiting any more
const CHECK_MS = 20_000;

export const phase = signal<Phase>("connecting");
/** Why there is no connection; empty while there is one. */
export const reason = signal("");
export const paused = signal(false);
/** Events that came while paused. */
export const heldCount = signal(0);

const lagSeconds = signal(0);
const gatewayProblem = signal("");
let lagAt = 0;

/** Note how long an event took to get here; `processedAt` as the event says it. */
export function noteLag(processedAt: string): void {
  const seconds = (serverNow() - Date.parse(processedAt)) / 1000;
  lagAt = Date.now();
  lagSeconds.value = seconds > BEHIND_SECONDS ? Math.round(seconds) : 0;
}

export const shown = computed<Shown>(() => {
  if (phase.value !== "connected") return phase.value;
  if (paused.value) return "paused";
  return gatewayProblem.value || lagSeconds.value ? "behind" : "connected";
});

/** One sentence about the state, for the tooltip and for screen readers. */
export const explanation = computed(() => {
  switch (shown.value) {
    case "connecting":
      return reason.value ? `Not connected yet: ${reason.value}.` : "Connecting to the gateway.";
    case "reconnecting":
      return `Connection lost: ${reason.value || "the stream ended"}. Nothing is missed: the stream goes on from here.`;
    case "paused":
      return "Paused: new events are counted and wait.";
    case "behind":
      return gatewayProblem.value
        ? `Connected, but the gateway is behind: ${gatewayProblem.value}.`
        : `Connected; events arrive ${duration(lagSeconds.value)} late.`;
    case "connected":
      return "Connected: events appear as they are published.";
  }
});

async function check(): Promise<void> {
  if (lagSeconds.value && Date.now() - lagAt > FORGET_LAG_MS) lagSeconds.value = 0;
  if (phase.value !== "connected") {
    gatewayProblem.value = "";
    return;
  }
  try {
    await ask("/readyz");
    gatewayProblem.value = "";
  } catch (error) {
    // A gateway that has lost Kafka still holds our stream; one that is gone ends it, and that is told elsewhere.
    if (error instanceof Problem && error.status === 503) gatewayProblem.value = error.message;
  }
}

setInterval(() => void check(), CHECK_MS);
