import { signal } from "@preact/signals";
import type { EnrichedEvent } from "../generated/event";
import type { Story, StoryArticle } from "../generated/story";
import type { WholeStory } from "../lib/contract";
import { countSet } from "../lib/filters";
import { countryName, languageName, many } from "../lib/names";
import { stories, story as whole } from "../state/desk";
import { clearFilters, filters, openStory, show } from "../state/place";
import { CountryChip, Empty, Foreign, hue, Importance, Out, Time, TopicTag, Waiting } from "./bits";
import { Marked } from "./Marked";

const MOST_COUNTRIES = 5;

function Article({ article, event }: { article: StoryArticle; event: EnrichedEvent | undefined }) {
  return (
    <li class="story-article">
      <p class="by">
        <Time at={article.published_at} />
        <Foreign text={article.source_name} most={60} />
        {article.family !== article.source && <span class="soft">family {article.family}</span>}
      </p>
      <p class="headline" lang={article.language ?? undefined} dir="auto">
        <Out url={article.url}>{event ? <Marked event={event} field="title" /> : <Foreign text={article.title} />}</Out>
      </p>
      {event?.summary && event.summary !== event.title && (
        <p class="summary" lang={event.language ?? undefined} dir="auto">
          <Marked event={event} field="summary" />
        </p>
      )}
    </li>
  );
}

function byLanguage(articles: readonly StoryArticle[]): [string, StoryArticle[]][] {
  const groups = Map.groupBy(articles, ({ language }) => language ?? "");
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function Articles({ story }: { story: Story | WholeStory }) {
  const events = new Map(("events" in story ? story.events : []).map((event) => [event.id, event]));
  return (
    <div class="articles">
      {byLanguage(story.articles).map(([language, articles]) => (
        <section key={language} aria-label={language ? languageName(language) : "Language unknown"}>
          <h4>
            {language ? languageName(language) : "Language unknown"} <span class="count">{articles.length}</span>
          </h4>
          <ol>
            {articles.map((article) => (
              <Article key={article.id} article={article} event={events.get(article.id)} />
            ))}
          </ol>
        </section>
      ))}
      {story.article_count > story.articles.length && (
        <p class="soft">and {many(story.article_count - story.articles.length, "older article")}</p>
      )}
    </div>
  );
}

function StoryItem({ story }: { story: Story }) {
  const open = openStory.value === story.id;
  const loaded = whole.value.value?.id === story.id ? whole.value.value : null;
  const panel = `story-${story.id}`;
  return (
    <li class={`story ${hue(story.topics[0] ?? "")} ${open ? "is-open" : ""}`} data-item data-id={story.id}>
      <article>
        <p class="by">
          <Time at={story.last_seen} />
          <span title="independent families of publishers">{many(story.corroboration, "independent publisher")}</span>
          <span>{many(story.article_count, "article")}</span>
          <span title={story.languages.map(languageName).join(", ")}>{many(story.languages.length, "language")}</span>
          <Importance value={story.importance} />
        </p>
        <h3 lang={story.language ?? undefined} dir="auto">
          <button
            type="button"
            class="story-title"
            data-first
            aria-expanded={open}
            aria-controls={panel}
            onClick={() => show("stories", open ? null : story.id)}
          >
            <Foreign text={story.title} />
          </button>
        </h3>
        <div class="tags">
          {story.topics.map((topic) => (
            <TopicTag key={topic} topic={topic} />
          ))}
          {story.countries.slice(0, MOST_COUNTRIES).map((code) => (
            <CountryChip key={code} code={code} name={countryName(code)} />
          ))}
          <span class="soft since">
            first seen <Time at={story.first_seen} words />
          </span>
        </div>
        {open && (
          <div id={panel}>
            {whole.value.error && !loaded && (
              <p class="soft">The whole story could not be loaded: {whole.value.error}.</p>
            )}
            <Articles story={loaded ?? story} />
          </div>
        )}
      </article>
    </li>
  );
}

/** Whether what only one article speaks of is listed too. */
const single = signal(false);

/** Stories: what many articles, in many languages, speak of. */
export function Stories() {
  const { value, error } = stories.value;
  if (!value) return <Waiting error={error} what="Stories" />;
  const several = value.filter((story) => story.article_count > 1);
  const listed = single.value ? value : several;
  // A story that was opened by its address may be older than those in the list.
  const opened = whole.value.value;
  const shown =
    opened && opened.id === openStory.value && !listed.some(({ id }) => id === opened.id)
      ? [opened, ...listed]
      : listed;
  return (
    <section class="sheet" aria-labelledby="stories-title">
      <h2 id="stories-title">
        Stories <span class="count">{shown.length || ""}</span>
        {value.length > several.length && (
          <button
            type="button"
            class="chip push"
            aria-pressed={single.value}
            onClick={() => {
              single.value = !single.value;
            }}
          >
            {many(value.length - several.length, "single article")}
          </button>
        )}
      </h2>
      {error && <p class="notice bad">Not current: {error}.</p>}
      {shown.length ? (
        <ol class="stories">
          {shown.map((story) => (
            <StoryItem key={story.id} story={story} />
          ))}
        </ol>
      ) : countSet(filters.value) || filters.value.topic.length ? (
        <Empty title="No story passes these filters">
          <button type="button" onClick={clearFilters}>
            Clear filters
          </button>
        </Empty>
      ) : (
        <Empty title="No stories yet">
          <p>
            A story appears when articles of several publishers speak of one happening. <code>geonews worker</code>{" "}
            makes them.
          </p>
        </Empty>
      )}
    </section>
  );
}
