// Following the stream: on from the last position after whatever goes wrong.
import { inWords, needsKey } from "../lib/api";
import { readStream, type StreamMessage } from "../lib/sse";
import { setServerTime } from "./clock";
import { phase, reason } from "./connection";
import { pauseBeforeRetry } from "./retry";

const SILENCE_MS = 40_000; // heartbeats come every 15 s

/** Give `take` every message from a position on, until `abort`; never ends by itself. */
export async function follow(
  path: string,
  position: string | null,
  abort: AbortSignal,
  take: (message: StreamMessage) => void,
): Promise<void> {
  let lastId = position;
  let failures = 0;
  let ended = "";
  const onMessage = (message: StreamMessage) => {
    if (message.name === "hello") {
      failures = 0;
      phase.value = "connected";
      reason.value = "";
    } else if (message.name === "dropped") {
      ended = `the gateway ended the stream (${(JSON.parse(message.data) as { reason: string }).reason})`;
    } else take(message);
  };
  const onPosition = (id: string) => {
    lastId = id;
  };
  while (!abort.aborted && !needsKey.value) {
    ended = "the gateway ended the stream";
    try {
      await readStream({
        path,
        lastId,
        signal: abort,
        silenceMs: SILENCE_MS,
        onOpen: setServerTime,
        onMessage,
        onPosition,
      });
    } catch (error) {
      ended = inWords(error);
    }
    if (abort.aborted) return;
    reason.value = ended;
    phase.value = "reconnecting";
    await pauseBeforeRetry(failures++, abort);
  }
}
