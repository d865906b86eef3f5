// Waiting before another attempt: longer each time, and no longer than the reader wants.
const WAITS_MS = [500, 1000, 2000, 5000, 10_000];

let skip: (() => void) | null = null;

/** End the present wait at once. */
export function retryNow(): void {
  skip?.();
}
addEventListener("online", retryNow);

/** Wait for the time that this many failures in a row ask for. */
export async function pauseBeforeRetry(failures: number, abort: AbortSignal): Promise<void> {
  const wait = WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, wait);
    skip = () => {
      clearTimeout(timer);
      resolve();
    };
    abort.addEventListener("abort", skip, { once: true });
  });
  skip = null;
}
