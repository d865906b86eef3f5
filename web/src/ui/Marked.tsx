import type { EnrichedEvent } from "../generated/event";
import { segments } from "../lib/text";

/** The title or the summary of an event, with the words marked that speak for its topics. */
export function Marked({ event, field }: { event: EnrichedEvent; field: "title" | "summary" }) {
  return (
    <>
      {segments(event.topics, field, event[field]).map(({ text, marked }, index) =>
        marked ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
      )}
    </>
  );
}
