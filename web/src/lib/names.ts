// Countries, languages and times in English.

const regions = new Intl.DisplayNames("en", { type: "region", fallback: "code" });
const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

/** The country's name, or its code where that is no country's. */
export function countryName(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The language's name, or its tag where that is no language's. */
export function languageName(tag: string): string {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** `critical-minerals` as a person would write it. */
export function words(slug: string): string {
  return slug === "ai" ? "AI" : slug.replaceAll("-", " ");
}

const sameYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const otherYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** How long ago, short: `now`, `5 min`, `3 h`, `20 Jan`. */
export function ago(moment: Date, now: Date): string {
  const minutes = (now.getTime() - moment.getTime()) / 60_000;
  if (Number.isNaN(minutes)) return "unknown";
  if (minutes > -2 && minutes < 1) return "now";
  if (minutes >= 1 && minutes < 60) return `${Math.floor(minutes)} min`;
  if (minutes >= 60 && minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  return (moment.getFullYear() === now.getFullYear() ? sameYear : otherYear).format(moment);
}

/** The same in a sentence: `just now`, `5 min ago`, `on 20 Jan`. */
export function agoInWords(moment: Date, now: Date): string {
  const short = ago(moment, now);
  if (short === "now") return "just now";
  return / (min|h)$/.test(short) ? `${short} ago` : `on ${short}`;
}

/** A moment in full, in the reader's time zone. */
export function inFull(moment: Date): string {
  return Number.isNaN(moment.getTime()) ? "unknown" : whole.format(moment);
}

/** A span of time: `45 s`, `12 min`, `3 h`, `4 days`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const counts = new Intl.NumberFormat("en");

/** `1,234`. */
export function count(number: number): string {
  return counts.format(number);
}

/** `1 article`, `2 articles`. */
export function many(number: number, one: string, more = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : more}`;
}

/** A share of one as a percentage without decimals; a little is not nothing. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return rounded === 0 && share > 0 ? "<1 %" : `${rounded} %`;
}
