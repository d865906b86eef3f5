// The live page: the recent events of each topic, then each event as it arrives. Text from articles only ever becomes
// text nodes, never markup.

const KEEP = 300; // events in memory
const SHOWN = 60; // events in a column
const HISTORY = 40; // events of each topic that the page starts with
const HUES = 5;
const RETRY_MS = [1000, 2000, 5000, 10000];
const NARROW = matchMedia("(max-width: 59.99rem)");

const $ = (id) => document.getElementById(id);
const events = new Map(); // id -> event, oldest first
const held = new Map(); // the same, while paused
let topics = [];
let paused = false;
let lastId = null; // position of the newest event that the page has
let source = null;
let failures = 0;

// --- Small helpers ---------------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  if (Math.abs(seconds) < 60) return "just now";
  if (Math.abs(seconds) < 3600) return relative.format(Math.trunc(seconds / 60), "minute");
  if (Math.abs(seconds) < 86400) return relative.format(Math.trunc(seconds / 3600), "hour");
  return day.format(moment);
}

function topicOf(id) {
  const index = topics.findIndex((topic) => topic.id === id);
  return { name: topics[index]?.name ?? id, hue: index < 0 ? "" : `hue-${index % HUES}` };
}

// --- Evidence ---------------------------------------------------------------------------------------------------------

// Spans count Unicode code points, JavaScript strings count UTF-16 units: one walk over the text translates them.
function unitOffsets(text) {
  const offsets = [];
  let units = 0;
  for (const point of text) {
    offsets.push(units);
    units += point.length;
  }
  offsets.push(units);
  return offsets;
}

function spansIn(event, field, text) {
  const offsets = unitOffsets(text);
  const spans = [];
  for (const topic of event.topics) {
    for (const evidence of topic.evidence) {
      const start = offsets[evidence.start];
      const end = offsets[evidence.end];
      if (evidence.field === field && start < end && text.slice(start, end) === evidence.text) spans.push([start, end]);
    }
  }
  return spans.sort((a, b) => a[0] - b[0]);
}

// Control characters and those that reverse the order of what follows say nothing in a title, they only deceive.
function clean(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
}

function marked(event, field) {
  const text = event[field];
  const parts = document.createDocumentFragment();
  let done = 0;
  for (const [start, end] of spansIn(event, field, text)) {
    if (end <= done) continue;
    const from = Math.max(start, done);
    parts.append(clean(text.slice(done, from)), make("mark", {}, clean(text.slice(from, end))));
    done = end;
  }
  parts.append(clean(text.slice(done)));
  return parts;
}

// --- One event --------------------------------------------------------------------------------------------------------

function card(event, fresh) {
  const published = new Date(event.published_at);
  const href = webAddress(event.url);
  const title = href
    ? make("a", { href, target: "_blank", rel: "noopener noreferrer" }, marked(event, "title"))
    : marked(event, "title");
  const tags = make("p", { class: "tags" });
  for (const { topic, score } of event.topics) {
    const { name, hue } = topicOf(topic);
    tags.append(make("span", { class: `topic ${hue}`, title: "score, a probability" }, `${name} ${score.toFixed(2)}`));
  }
  for (const country of event.countries.slice(0, 6)) tags.append(make("span", { title: country.code }, country.name));
  const article = make(
    "article",
    { class: fresh ? "fresh" : null },
    make(
      "p",
      { class: "by" },
      make("span", { class: "source", dir: "auto" }, clean(event.source.name)),
      make("time", { datetime: event.published_at, title: absolute.format(published) }, ago(published)),
    ),
    make("h3", { lang: event.language, dir: "auto" }, title),
  );
  if (event.summary && event.summary !== event.title) {
    article.append(make("p", { class: "summary", lang: event.language, dir: "auto" }, marked(event, "summary")));
  }
  article.append(tags);
  return make("li", { "data-id": event.id }, article);
}

// --- Columns ----------------------------------------------------------------------------------------------------------

let columns = []; // {topic: id or null for all, list, count, empty}

function wanted() {
  const topic = new URLSearchParams(location.search).get("topic");
  return topics.some(({ id }) => id === topic) ? topic : null;
}

function column(topic) {
  const { name, hue } = topic === null ? { name: "All topics", hue: "" } : topicOf(topic);
  const count = make("span");
  const list = make("ol");
  const empty = make(
    "p",
    { class: "empty", hidden: "" },
    "No events yet. They appear here as soon as the worker publishes one.",
  );
  const section = make("section", { class: hue, "aria-label": name }, make("h2", {}, name, count), empty, list);
  return { topic, section, list, count, empty };
}

function layout() {
  const topic = wanted();
  for (const link of $("topics").children) {
    if ((link.dataset.topic || null) === topic) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // A narrow screen shows one list: columns under each other would hide what is new in the lower ones.
  const chosen = topic !== null ? [topic] : NARROW.matches ? [null] : topics.map(({ id }) => id);
  columns = chosen.map(column);
  for (const event of events.values()) show(event, false);
  columns.forEach(count);
  $("feed").replaceChildren(
    make("div", { class: `columns count-${columns.length}` }, ...columns.map(({ section }) => section)),
  );
}

function belongs(event, topic) {
  return topic === null || event.topics.some((one) => one.topic === topic);
}

function count(one) {
  const number = [...events.values()].filter((event) => belongs(event, one.topic)).length;
  one.count.textContent = number ? `${number} recent` : "";
  one.empty.hidden = number > 0;
}

function show(event, fresh) {
  for (const { topic, list } of columns) {
    if (!belongs(event, topic)) continue;
    list.prepend(card(event, fresh));
    if (list.children.length > SHOWN) list.lastElementChild.remove();
  }
}

function forget(id) {
  events.delete(id);
  held.delete(id);
  for (const { list } of columns) list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
}

function add(event) {
  if (events.has(event.id)) return;
  if (event.supersedes) forget(event.supersedes);
  events.set(event.id, event);
  show(event, true);
  if (events.size > KEEP) events.delete(events.keys().next().value);
  columns.forEach(count);
}

// --- Pause ------------------------------------------------------------------------------------------------------------

function hold(event) {
  held.set(event.id, event);
  if (held.size > KEEP) held.delete(held.keys().next().value);
  pauseButton();
}

function pauseButton() {
  const waiting = held.size === KEEP ? `${KEEP}+` : held.size;
  $("pause").textContent = !paused ? "Pause" : held.size ? `Resume (${waiting} new)` : "Resume";
  $("pause").setAttribute("aria-pressed", String(paused));
}

function togglePause() {
  paused = !paused;
  if (!paused) {
    for (const event of held.values()) add(event);
    held.clear();
  }
  pauseButton();
  state(connection);
}

// --- Connection -------------------------------------------------------------------------------------------------------

let connection = "connecting";

function state(now) {
  connection = now;
  const shown = now === "live" && paused ? "paused" : now;
  $("state").dataset.state = shown;
  $("state").textContent = shown;
}

function notice(text) {
  $("notice").textContent = text ?? "";
  $("notice").hidden = !text;
}

async function ask(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? `the gateway answers ${response.status}`);
  return body;
}

async function recent() {
  const pages = await Promise.all(topics.map(({ id }) => ask(`/v1/events?topic=${encodeURIComponent(id)}&limit=${HISTORY}`)));
  // Pages may be from different moments. Going on from the first one's position misses nothing; what comes twice is
  // known by its id.
  lastId = pages[0]?.position ?? null;
  const found = pages.flatMap((page) => page.events).sort((a, b) => a.processed_at.localeCompare(b.processed_at));
  for (const event of found) if (!events.has(event.id)) events.set(event.id, event);
}

function listen() {
  source = new EventSource(lastId ? `/v1/stream?after=${encodeURIComponent(lastId)}` : "/v1/stream");
  source.addEventListener("hello", (message) => {
    lastId = message.lastEventId;
    failures = 0;
    state("live");
    notice(null);
  });
  source.addEventListener("gap", () => notice("Some events passed while the page was not connected."));
  source.addEventListener("message", (message) => {
    lastId = message.lastEventId;
    const event = JSON.parse(message.data);
    if (paused) hold(event);
    else add(event);
  });
  source.addEventListener("error", () => {
    state("reconnecting");
    // The browser itself tries again after a broken connection, but gives up at an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) later(listen);
  });
}

function later(what) {
  setTimeout(what, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
}

async function start() {
  try {
    if (!topics.length) {
      topics = (await ask("/v1/topics")).topics;
      tabs();
    }
    await recent();
  } catch (error) {
    state("connecting");
    notice(error instanceof TypeError ? "The gateway cannot be reached. Trying again." : `Not ready: ${error.message}`);
    later(start);
    return;
  }
  notice(null);
  layout();
  listen();
}

// --- Page -------------------------------------------------------------------------------------------------------------

function tabs() {
  const all = make("a", { href: "/" }, "All topics");
  const links = topics.map(({ id, name }) =>
    make("a", { href: `/?topic=${encodeURIComponent(id)}`, class: topicOf(id).hue, "data-topic": id }, name),
  );
  $("topics").replaceChildren(all, ...links);
}

$("topics").addEventListener("click", (click) => {
  const link = click.target.closest("a");
  if (!link || click.metaKey || click.ctrlKey || click.shiftKey) return;
  click.preventDefault();
  history.pushState(null, "", link.href);
  layout();
});
$("pause").addEventListener("click", togglePause);
addEventListener("popstate", layout);
NARROW.addEventListener("change", layout);
setInterval(() => {
  for (const time of document.querySelectorAll("time")) time.textContent = ago(new Date(time.dateTime));
}, 30000);

start();
