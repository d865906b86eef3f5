// Text from articles, made fit to be seen. It only ever becomes text nodes, never markup.
import type { EnrichedEvent } from "../generated/event";

// Controls, characters that reorder what follows, and those that nobody sees. Joiners (U+200C, U+200D) stay: Persian,
// Indic scripts and emoji need them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;
const PILED_MARKS = /(\p{M}{6})\p{M}+/gu; // more marks on one letter than any script writes
const MOST_SHOWN = 600; // code units of a title or a summary

export interface Segment {
  text: string;
  marked: boolean;
}

/** The text without characters that deceive the reader. */
export function clean(text: string): string {
  return text
    .replace(/[\n\r\t]/g, " ")
    .replace(DECEPTIVE, "")
    .replace(PILED_MARKS, "$1");
}

/** At most `most` code units, cut between code points, with an ellipsis where something is left out. */
export function shorten(text: string, most = MOST_SHOWN): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most)}…`;
}

/** A web address that is safe to link to, or null. */
export function webAddress(text: string): string | null {
  const url = URL.parse(text);
  return url && (url.protocol === "http:" || url.protocol === "https:") ? url.href : null;
}

type Field = "title" | "summary" | "text";
type Span = [start: number, end: number];

// Spans count code points, strings count UTF-16 units: one walk over the text translates them.
function unitOffsets(text: string): number[] {
  const offsets: number[] = [];
  let units = 0;
  for (const point of text) {
    offsets.push(units);
    units += point.length;
  }
  offsets.push(units);
  return offsets;
}

function spansIn(topics: EnrichedEvent["topics"], field: Field, text: string): Span[] {
  const offsets = unitOffsets(text);
  const spans: Span[] = [];
  for (const evidence of topics.flatMap((topic) => topic.evidence)) {
    const [start, end] = [offsets[evidence.start], offsets[evidence.end]];
    if (evidence.field !== field || start === undefined || end === undefined || start >= end) continue;
    if (text.slice(start, end) === evidence.text) spans.push([start, end]);
  }
  return spans.sort((a, b) => a[0] - b[0]);
}

/** A field of an event in pieces, those that speak for its topics marked. */
export function segments(topics: EnrichedEvent["topics"], field: Field, text: string): Segment[] {
  const shown = shorten(text);
  const most = shown.length < text.length ? shown.length - 1 : text.length;
  const found: Segment[] = [];
  const add = (from: number, to: number, marked: boolean) => {
    const piece = clean(text.slice(from, Math.min(to, most)));
    if (piece) found.push({ text: piece, marked });
  };
  let done = 0;
  for (const [start, end] of spansIn(topics, field, text)) {
    if (end <= done || start >= most) continue;
    add(done, Math.max(start, done), false);
    add(Math.max(start, done), end, true);
    done = end;
  }
  if (done < most) add(done, most, false);
  if (most < text.length) found.push({ text: "…", marked: false });
  return found;
}
