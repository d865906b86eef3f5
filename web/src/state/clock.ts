// The time, as coarse as the page shows it, and how far the server's clock is from the reader's.
import { signal } from "@preact/signals";

const TICK_MS = 15_000;

export const now = signal(new Date());
setInterval(() => {
  now.value = new Date();
}, TICK_MS);

let ahead = 0;

/** Learn the server's time from an answer that just came. */
export function setServerTime(time: Date | null): void {
  if (time && !Number.isNaN(time.getTime())) ahead = time.getTime() - Date.now();
}

/** Milliseconds since the epoch, by the server's clock. */
export function serverNow(): number {
  return Date.now() + ahead;
}
