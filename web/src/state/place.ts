// Where the reader is: the address is the truth, this follows it.
import { computed, effect, signal } from "@preact/signals";
import {
  type Filters,
  formatPlace,
  type ListName,
  NO_FILTERS,
  type Place,
  parsePlace,
  type View,
} from "../lib/filters";

const place = signal<Place>(parsePlace(location.search));

export const view = computed(() => place.value.view);
export const openStory = computed(() => place.value.story);

// Compared by what they say, so that a change of view alone fetches nothing anew.
const filtersText = computed(() => JSON.stringify(place.value.filters));
export const filters = computed<Filters>(() => JSON.parse(filtersText.value) as Filters);

function go(next: Place, replace = false): void {
  const address = formatPlace(next);
  if (address === formatPlace(place.peek())) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.value = next;
}

effect(() => {
  document.title = view.value === "live" ? "geonews live" : `${view.value}: geonews`;
});
addEventListener("popstate", () => {
  place.value = parsePlace(location.search);
});

/** The address of another view under the same filters. */
export function addressOf(next: View, story: string | null = null): string {
  return formatPlace({ view: next, story, filters: filters.value });
}

/** Go to another view, at its top. */
export function show(next: View, story: string | null = null): void {
  if (next !== view.peek()) scrollTo(0, 0);
  go({ ...place.peek(), view: next, story });
}

/** Change some filters; typing replaces the entry in the history instead of adding one for each letter. */
export function filter(change: Partial<Filters>, replace = false): void {
  go({ ...place.peek(), filters: { ...place.peek().filters, ...change } }, replace);
}

/** Change some filters and the view in one step. */
export function showWith(next: View, change: Partial<Filters>): void {
  if (next !== view.peek()) scrollTo(0, 0);
  go({ view: next, story: null, filters: { ...place.peek().filters, ...change } });
}

/** Put a value into a list of filters, or take it out. */
export function toggle(name: ListName, value: string): void {
  const old = place.peek().filters[name];
  filter({ [name]: old.includes(value) ? old.filter((one) => one !== value) : [...old, value] });
}

export function clearFilters(): void {
  filter(NO_FILTERS);
}
