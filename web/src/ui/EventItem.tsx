import { useSignal } from "@preact/signals";
import { memo } from "preact/compat";
import type { EnrichedEvent } from "../generated/event";
import { countryName, languageName, words } from "../lib/names";
import { live } from "../state/events";
import { filters, toggle } from "../state/place";
import { CountryChip, Foreign, hue, Importance, Out, Time, TopicTag } from "./bits";
import { Details } from "./EventDetails";
import { Marked } from "./Marked";

const MOST_COUNTRIES = 4;

function By({ event }: { event: EnrichedEvent }) {
  const { id, name, country } = event.source;
  const on = filters.value.source.includes(id.toLowerCase());
  return (
    <p class="by">
      <Time at={event.published_at} />
      <button
        type="button"
        class="source"
        aria-pressed={on}
        title={on ? "All sources" : "Only this source"}
        onClick={() => toggle("source", id.toLowerCase())}
      >
        <Foreign text={name} most={60} />
      </button>
      {country && <abbr title={countryName(country)}>{country}</abbr>}
      {event.language && <abbr title={languageName(event.language)}>{event.language}</abbr>}
      <Importance value={event.importance} />
    </p>
  );
}

function Tags({ event, topic }: { event: EnrichedEvent; topic: string | null }) {
  return (
    <div class="tags">
      {event.topics
        .filter((one) => one.topic !== topic)
        .map((one) => (
          <TopicTag key={one.topic} topic={one.topic} />
        ))}
      {event.countries.slice(0, MOST_COUNTRIES).map(({ code, name }) => (
        <CountryChip key={code} code={code} name={name} />
      ))}
      {event.deal_stage && <span class="tag fact">{words(event.deal_stage)}</span>}
      {(event.war_facets ?? []).map((facet) => (
        <span key={facet} class="tag fact">
          {words(facet)}
        </span>
      ))}
      {event.version > 1 && <span class="tag warn">updated, version {event.version}</span>}
      {event.date_problem && (
        <span class="tag warn">{event.date_problem === "future" ? "dated in the future" : "dated long ago"}</span>
      )}
    </div>
  );
}

interface ItemProps {
  event: EnrichedEvent;
  topic: string | null; // the list's own, which needs no tag
  roomy: boolean; // whether there may be room for the first lines of the summary
}

/** One event in a list. */
export const EventItem = memo(function EventItem({ event, topic, roomy }: ItemProps) {
  const open = useSignal(false);
  const details = `details-${topic ?? "all"}-${event.id}`;
  return (
    <li
      class={`event ${hue(topic ?? event.topics[0]?.topic ?? "")} ${live.has(event.id) ? "fresh" : ""}`}
      data-item
      data-id={event.id}
      tabIndex={-1}
    >
      <article>
        <By event={event} />
        <h3 lang={event.language ?? undefined} dir="auto">
          <Out url={event.url}>
            <span data-title>
              <Marked event={event} field="title" />
            </span>
          </Out>
        </h3>
        {roomy && !open.value && event.summary !== event.title && (
          <p class="lead" lang={event.language ?? undefined} dir="auto">
            <Marked event={event} field="summary" />
          </p>
        )}
        <div class="row">
          <Tags event={event} topic={topic} />
          <button
            type="button"
            class="expand"
            aria-expanded={open.value}
            aria-controls={details}
            aria-label="Details"
            title="Details (o)"
            onClick={() => (open.value = !open.value)}
          />
        </div>
        {open.value && <Details event={event} id={details} />}
      </article>
    </li>
  );
});
