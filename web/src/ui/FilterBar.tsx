import { countSet, LISTS, type ListName } from "../lib/filters";
import { countryName, languageName, words } from "../lib/names";
import { clean } from "../lib/text";
import { topics } from "../state/feed";
import { clearFilters, filter, filters, toggle } from "../state/place";
import { hue, topicName } from "./bits";
import { Search } from "./Search";
import { expanded, PERIOD_NAMES, Selects } from "./Selects";

function Topics() {
  return (
    <fieldset class="topics">
      <legend class="sr">Topics</legend>
      {topics.value.map(({ id, name, description }) => (
        <button
          key={id}
          type="button"
          class={`chip topic ${hue(id)}`}
          title={description}
          aria-pressed={filters.value.topic.includes(id)}
          onClick={() => toggle("topic", id)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

function labelOf(name: ListName, value: string): string {
  if (name === "country") return countryName(value);
  if (name === "language") return languageName(value);
  return name === "topic" ? topicName(value) : name === "sector" ? words(value) : value;
}

function Active() {
  const { q, minScore, last } = filters.value;
  const set = LISTS.filter((name) => name !== "topic").flatMap((name) =>
    filters.value[name].map((value) => ({
      name: name as string,
      label: labelOf(name, value),
      remove: () => toggle(name, value),
    })),
  );
  if (q) set.push({ name: "search", label: `“${clean(q)}”`, remove: () => filter({ q: "" }) });
  if (minScore) set.push({ name: "score", label: `at least ${minScore}`, remove: () => filter({ minScore: 0 }) });
  if (last) set.push({ name: "period", label: PERIOD_NAMES[last] ?? last, remove: () => filter({ last: "" }) });
  if (!set.length) return null;
  return (
    <ul class="active" aria-label="Filters that are set">
      {set.map(({ name, label, remove }) => (
        <li key={`${name}:${label}`}>
          <button type="button" class="chip on" aria-label={`Remove filter ${name}: ${label}`} onClick={remove}>
            <span class="kind">{name}</span> <bdi>{label}</bdi> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="plain" title="x" onClick={clearFilters}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

/** Search and filters; all of them stand in the address. */
export function FilterBar() {
  const set = countSet(filters.value);
  return (
    <section class="filters" aria-label="Filters">
      <Search />
      <Topics />
      <button
        id="more-filters"
        type="button"
        class="more"
        aria-expanded={expanded.value}
        aria-controls="selects"
        onClick={() => (expanded.value = !expanded.value)}
      >
        Filters{set > 0 && ` (${set})`}
      </button>
      <Selects />
      <Active />
    </section>
  );
}
