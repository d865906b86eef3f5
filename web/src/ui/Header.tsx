import { VIEWS, type View } from "../lib/filters";
import { count } from "../lib/names";
import { explanation, heldCount, paused, phase, reason, shown } from "../state/connection";
import { openAlerts, stats } from "../state/desk";
import { togglePause } from "../state/feed";
import { addressOf, show, view } from "../state/place";
import { nextTheme, theme } from "../state/prefs";
import { retryNow } from "../state/retry";
import { helpOpen } from "./Help";

const NAMES: Record<View, string> = {
  live: "Live",
  world: "World",
  stories: "Stories",
  alerts: "Alerts",
  sources: "Sources",
};

function Tabs() {
  const open = openAlerts.value.length;
  return (
    <nav class="tabs" aria-label="Views">
      {VIEWS.map((name, index) => (
        <a
          key={name}
          href={addressOf(name)}
          aria-current={view.value === name ? "page" : undefined}
          title={`${NAMES[name]} (${index + 1})`}
          onClick={(click) => {
            if (click.metaKey || click.ctrlKey || click.shiftKey) return;
            click.preventDefault();
            show(name);
          }}
        >
          {NAMES[name]}
          {name === "alerts" && open > 0 && (
            <span class="badge">
              {open}
              <span class="sr"> open</span>
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}

function Connection() {
  return (
    <div class="connection">
      <p id="state" class="state" role="status" data-state={shown.value} title={explanation.value}>
        <span class="dot" aria-hidden="true" />
        {shown.value}
        <span class="sr">. {explanation.value}</span>
      </p>
      {phase.value !== "connected" && reason.value && (
        <button type="button" class="small" onClick={retryNow}>
          Retry now
        </button>
      )}
    </div>
  );
}

function Rate() {
  const minutes = stats.value.value?.minutes.slice(-6, -1) ?? [];
  if (!minutes.length) return null;
  const perMinute = minutes.reduce((sum, minute) => sum + minute.events, 0) / minutes.length;
  return (
    <p class="rate" title="events that passed these filters, a minute, over the last five minutes">
      <b>{perMinute < 10 ? perMinute.toFixed(1) : count(Math.round(perMinute))}</b> / min
    </p>
  );
}

function Pause() {
  const waiting = heldCount.value;
  const label = paused.value ? (waiting ? `Resume (${count(waiting)} new)` : "Resume") : "Pause";
  return (
    <button id="pause" type="button" class={paused.value ? "strong" : ""} title="p" onClick={togglePause}>
      {label}
    </button>
  );
}

/** The top of the page: views, the state of the connection, pause, theme, help. */
export function Header() {
  return (
    <header class="top">
      <h1>
        <a
          href="/"
          onClick={(click) => {
            click.preventDefault();
            show("live");
          }}
        >
          geonews
        </a>
      </h1>
      <Tabs />
      <div class="status">
        <Rate />
        <Connection />
        <Pause />
        <button
          type="button"
          class="plain"
          onClick={nextTheme}
          title="Colours (t)"
          aria-label={`Colours: ${theme.value}`}
        >
          <span class={`theme-icon ${theme.value}`} aria-hidden="true" />
        </button>
        <button
          type="button"
          class="plain"
          title="Keys and help (?)"
          aria-label="Keys and help"
          onClick={() => (helpOpen.value = true)}
        >
          ?
        </button>
      </div>
      {shown.value === "reconnecting" && reason.value && (
        <p class="why" role="alert">
          {explanation.value}
        </p>
      )}
      {shown.value === "connecting" && reason.value && (
        <p class="why" role="alert">
          {explanation.value} It is tried again by itself.
        </p>
      )}
      {shown.value === "behind" && <p class="why">{explanation.value}</p>}
    </header>
  );
}
