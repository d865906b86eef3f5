import type { ComponentChildren } from "preact";
import type { EnrichedEvent } from "../generated/event";
import { inFull, languageName, many, percent, words } from "../lib/names";
import { Foreign, topicName } from "./bits";
import { Marked } from "./Marked";

const MOST_EVIDENCE = 12;
const MOST_NAMES = 12;

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Evidence({ event }: { event: EnrichedEvent }) {
  return (
    <>
      {event.topics.map(({ topic, score, threshold, evidence }) => {
        const said = [...new Set(evidence.map(({ text }) => text))];
        return (
          <Fact key={topic} name={topicName(topic)}>
            <span class="number">
              {score.toFixed(3)} (needs {threshold.toFixed(2)})
            </span>
            {said.slice(0, MOST_EVIDENCE).map((text) => (
              <mark key={text}>
                <Foreign text={text} lang={event.language} most={80} />
              </mark>
            ))}
          </Fact>
        );
      })}
    </>
  );
}

function Names({ name, list }: { name: string; list: EnrichedEvent["people"] }) {
  if (!list.length) return null;
  return (
    <Fact name={name}>
      {list.slice(0, MOST_NAMES).map((entity) => (
        <span
          key={entity.name}
          class="tag"
          title={`${many(entity.mentions, "mention")}${entity.wikidata ? `, Wikidata ${entity.wikidata}` : ""}`}
        >
          <Foreign text={entity.name} most={80} />
        </span>
      ))}
    </Fact>
  );
}

function Weights({ event }: { event: EnrichedEvent }) {
  const parts = Object.entries(event.importance_parts ?? {}).filter(([, value]) => value > 0);
  return (
    <Fact name="Importance">
      <span class="number">{percent(event.importance)}</span>
      {parts.length > 0 && (
        <span class="soft">= {parts.map(([name, value]) => `${name} ${percent(value)}`).join(" + ")}</span>
      )}
    </Fact>
  );
}

/** All that is known of an event. */
export function Details({ event, id }: { event: EnrichedEvent; id: string }) {
  const { model, model_version, stage } = event.classification;
  const sure =
    event.language_score == null ? "as the article says" : `identified, ${percent(event.language_score)} sure`;
  return (
    <div class="details" id={id}>
      {event.summary && event.summary !== event.title && (
        <p class="summary" lang={event.language ?? undefined} dir="auto">
          <Marked event={event} field="summary" />
        </p>
      )}
      <dl class="facts">
        <Evidence event={event} />
        <Weights event={event} />
        <Names name="People" list={event.people} />
        <Names name="Organisations" list={event.organisations} />
        {event.sectors.length > 0 && <Fact name="Sectors">{event.sectors.map(words).join(", ")}</Fact>}
        {event.language && (
          <Fact name="Language">
            {languageName(event.language)} <span class="soft">({sure})</span>
          </Fact>
        )}
        <Fact name="Publisher">
          <Foreign text={event.source.domain} most={100} />
          <span class="soft">
            {event.source.tier ? `tier ${event.source.tier}, ` : ""}family {event.source.family}
          </span>
        </Fact>
        <Fact name="Published">{inFull(new Date(event.published_at))}</Fact>
        <Fact name="Decided by">
          {model} {model_version}, {stage}
        </Fact>
        <Fact name="Record">
          <a href={`/v1/events/${event.id}`}>{event.id}</a>
        </Fact>
      </dl>
    </div>
  );
}
