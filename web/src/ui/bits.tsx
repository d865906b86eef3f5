// Small parts that every view uses.
import type { ComponentChildren } from "preact";
import { ago, agoInWords, countryName, inFull } from "../lib/names";
import { clean, shorten, webAddress } from "../lib/text";
import { now } from "../state/clock";
import { topics } from "../state/feed";
import { filters, toggle } from "../state/place";

const HUES = 5;

/** The class that colours a topic: each has the same everywhere. */
export function hue(topic: string): string {
  const index = topics.value.findIndex(({ id }) => id === topic);
  return index < 0 ? "" : `hue-${index % HUES}`;
}

export function topicName(topic: string): string {
  return topics.value.find(({ id }) => id === topic)?.name ?? topic;
}

export function TopicTag({ topic, score }: { topic: string; score?: number }) {
  return (
    <span class={`tag topic ${hue(topic)}`}>
      {topicName(topic)}
      {score !== undefined && (
        <span class="score" title="score: the probability that the article belongs to this topic">
          {score.toFixed(2)}
        </span>
      )}
    </span>
  );
}

/** A moment, as long ago; the title has it in full. */
export function Time({ at, words = false }: { at: string | null | undefined; words?: boolean }) {
  if (!at) return <span class="time">never</span>;
  const moment = new Date(at);
  return (
    <time class="time" dateTime={at} title={inFull(moment)}>
      {words ? agoInWords(moment, now.value) : ago(moment, now.value)}
    </time>
  );
}

/** Text from outside on its own: whatever direction it has, it changes nothing beside it. */
export function Foreign({ text, lang, most }: { text: string; lang?: string | null; most?: number }) {
  return (
    <bdi lang={lang ?? undefined} dir="auto">
      {clean(shorten(text, most))}
    </bdi>
  );
}

/** A link to an article, which never gets a hold of this page; plain text where the address is no web address. */
export function Out({ url, children }: { url: string; children: ComponentChildren }) {
  const href = webAddress(url);
  if (!href) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** A country that filters when it is pressed. */
export function CountryChip({ code, name }: { code: string; name?: string }) {
  const on = filters.value.country.includes(code);
  return (
    <button
      type="button"
      class="tag chip"
      aria-pressed={on}
      title={`${on ? "Remove the filter" : "Only"} ${countryName(code)}`}
      onClick={() => toggle("country", code)}
    >
      {name ?? countryName(code)}
    </button>
  );
}

/** How important something is, 0 to 1, in four steps. */
export function Importance({ value }: { value: number }) {
  const steps = Math.max(1, Math.min(4, Math.ceil(value * 4)));
  const label = `importance ${Math.round(value * 100)} of 100`;
  return <span class={`importance steps-${steps}`} role="img" aria-label={label} title={label} />;
}

/** Why a place is empty, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What stands where a list could not be loaded, or has not come yet. */
export function Waiting({ error, what }: { error: string; what: string }) {
  return error ? (
    <div class="empty bad" role="alert">
      <p class="empty-title">{what} could not be loaded</p>
      <p>{error}. It is tried again by itself.</p>
    </div>
  ) : (
    <div class="skeleton" aria-busy="true">
      <span class="sr">Loading {what.toLowerCase()} …</span>
      <i />
      <i />
      <i />
      <i />
    </div>
  );
}
