// Server-sent events over fetch(). EventSource hides heartbeats, takes no headers (so no API key), and gives up at any
// answer but 200; this says when the stream falls silent, and why it was refused.
import { createParser } from "eventsource-parser";
import { open } from "./api";

export interface StreamMessage {
  name: string;
  data: string;
}

export interface StreamOptions {
  path: string;
  lastId: string | null;
  signal: AbortSignal;
  silenceMs: number;
  onOpen(serverTime: Date | null): void;
  onMessage(message: StreamMessage): void;
  /** The position that the stream has reached; called after the message has been taken. */
  onPosition(id: string): void;
}

/** The stream has sent nothing, not even a heartbeat, for too long. */
export class Silence extends Error {}

/** Read until the server ends the stream. Throws Problem when refused, Silence, or TypeError when it breaks. */
export async function readStream(options: StreamOptions): Promise<void> {
  const watch = new AbortController();
  let timer = setTimeout(() => watch.abort(new Silence("the stream fell silent")), options.silenceMs);
  const touch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => watch.abort(new Silence("the stream fell silent")), options.silenceMs);
  };
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (options.lastId) headers["Last-Event-ID"] = options.lastId;
  const parser = createParser({
    onEvent({ event, data, id }) {
      options.onMessage({ name: event ?? "message", data });
      if (id) options.onPosition(id);
    },
  });
  try {
    const response = await open(options.path, { headers, signal: AbortSignal.any([options.signal, watch.signal]) });
    const date = response.headers.get("Date");
    options.onOpen(date ? new Date(date) : null);
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      touch();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
  }
}
