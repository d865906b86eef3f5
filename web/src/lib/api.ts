// Asking the gateway: JSON in, problem+json as errors, the reader's API key where one was given.
import { signal } from "@preact/signals";

const KEY_NAME = "geonews.key";

/** What a refusal says: problem+json, or the reasons of /readyz. */
interface Refusal {
  detail?: string;
  reasons?: string[];
}

/** The gateway refused; `status` is HTTP's. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, body: Refusal) {
    super(body.detail ?? (body.reasons?.join("; ") || `the gateway answers ${status}`));
    this.status = status;
  }
}

function stored(): string {
  try {
    return sessionStorage.getItem(KEY_NAME) ?? "";
  } catch {
    return "";
  }
}

let key = stored();
/** Whether the gateway wants a key that it was not given. */
export const needsKey = signal(false);

/** Keep the key for this tab and no longer. */
export function giveKey(text: string): void {
  key = text.trim();
  try {
    sessionStorage.setItem(KEY_NAME, key);
  } catch {
    // It still holds until the page is left.
  }
  needsKey.value = false;
}

/** A response with status 200. Throws Problem for any other, TypeError when the gateway cannot be reached. */
export async function open(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key) headers.set("Authorization", `Bearer ${key}`);
  const response = await fetch(path, { ...init, headers, cache: "no-store" });
  if (response.ok) return response;
  if (response.status === 401) needsKey.value = true;
  throw new Problem(response.status, (await response.json().catch(() => ({}))) as Refusal);
}

/** The answer's JSON, which the contract says is a T. */
export async function ask<T>(path: string, abort?: AbortSignal): Promise<T> {
  const init: RequestInit = { headers: { Accept: "application/json" } };
  if (abort) init.signal = abort;
  return (await open(path, init)).json() as Promise<T>;
}

/** What went wrong, in words for the reader. */
export function inWords(error: unknown): string {
  if (error instanceof TypeError) return "the gateway cannot be reached";
  return error instanceof Error ? error.message : String(error);
}
